"""What a program reads of classes (`type(self)`, `self.__class__`, `cls`) and global objects is read anew."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import adgen


class Settings:
    rate = 2.0
    table = {"a": 1.5}  # noqa: RUF012
    values = np.arange(3.0)

    def __init__(self, v):
        self.v = v

    @classmethod
    def made(cls, v):
        return cls(v * cls.rate)

    @classmethod
    def scaled(cls, v):
        return v * cls.values[1] * cls.table["a"]

    def again(self):
        return self.__class__.made(self.v * type(self).rate)

    def label(self):
        return len(self.__class__.__name__)


class Faster(Settings):
    rate = 3.0


@dataclasses.dataclass
class Record:
    a: float
    mode: str = "a"
    inner: Record | None = None


RECORD = Record(2.0, "a", Record(3.0))


def by_class(v):
    return Settings.made(v).again().v + Faster(v).again().v * Settings(v).label() + Faster.scaled(v)


def by_record(v):
    return v * RECORD.a * RECORD.inner.a * (2.0 if RECORD.mode == "a" else 5.0)


def assert_right(df, f):
    assert df(1.25) == pytest.approx((f(1.5) - f(1.0)) / 0.5)  # both are linear


def test_values_of_classes_are_read_anew(monkeypatch):
    df = adgen.grad(by_class)
    assert_right(df, by_class)
    for name, value in {"rate": 7.0, "table": {"a": 4.0}, "values": np.ones(3)}.items():
        monkeypatch.setattr(Settings, name, value)
        assert_right(df, by_class)
    Settings.values[1] = 9.0
    assert_right(df, by_class)
    monkeypatch.delattr(Faster, "rate")
    assert_right(df, by_class)


def test_fields_of_global_records_are_read_anew(monkeypatch):
    df = adgen.grad(by_record)
    assert_right(df, by_record)
    for owner, name, value in ((RECORD, "a", 5.0), (RECORD, "mode", "b"), (RECORD.inner, "a", 7.0), (RECORD, "a", 2)):
        monkeypatch.setattr(owner, name, value)
        assert_right(df, by_record)
    monkeypatch.setattr(RECORD, "inner", Record(11.0))
    assert_right(df, by_record)


def test_records_that_are_passed_may_change():
    def f(v, record):
        return v * record.a * (2.0 if record.mode == "a" else 5.0)

    df, record = adgen.grad(f), Record(2.0)
    assert df(1.0, record) == 4.0
    record.a, record.mode = 3.0, "b"
    assert df(1.0, record) == 15.0
