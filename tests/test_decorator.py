"""A mock as a decorator."""

from __future__ import annotations

import asyncio
import inspect
import re
import unittest
from typing import Any

import httpx
import pytest

from eugpt_files_mock import ExpectationNotMet, FilesMock, OptionError, StateError, faults


def listed(mock: FilesMock) -> list[str]:
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    answer = httpx.get(f"{mock.base_url}/files", headers=headers).json()
    return [file["filename"] for file in answer["data"]]


def is_active(mock: FilesMock) -> bool:
    from eugpt_files_mock import active_mocks

    return mock in active_mocks()


def test_a_decorated_function_starts_empty_for_each_call() -> None:
    """What was added by another call is dropped; with a seed, ids repeat."""
    mock = FilesMock(seed=7)

    @mock
    def add(filename: str, *, times: int = 1) -> tuple[list[str], str]:
        """Adds a file."""
        file = mock.add_file(filename)
        return listed(mock) * times, file.id

    first, second = add("a.txt"), add("b.txt", times=2)

    assert (["a.txt"], ["b.txt", "b.txt"]) == (first[0], second[0])
    assert first[1] == second[1], "with a seed, ids begin again"
    assert ("add", "Adds a file.") == (add.__name__, add.__doc__)
    assert not is_active(mock)


def test_a_decorated_coroutine_function_starts_empty_for_each_call() -> None:
    """It stays a coroutine function, and the mock is active until it has been awaited."""
    mock = FilesMock()

    @mock
    async def add(filename: str) -> list[str]:
        await asyncio.sleep(0)
        mock.add_file(filename)
        return listed(mock)

    assert inspect.iscoroutinefunction(add)
    assert [["a.txt"], ["b.txt"]] == [asyncio.run(add("a.txt")), asyncio.run(add("b.txt"))]
    assert not is_active(mock)


def test_the_exit_checks_run_after_each_call() -> None:
    """A mock that is reused must fail the second test too."""
    mock = FilesMock()

    @mock
    def arm() -> None:
        mock.inject(faults.timeout(), on="list")

    for _ in range(2):
        with pytest.raises(ExpectationNotMet, match="1 armed fault never fired"):
            arm()


def test_an_exception_of_the_function_is_not_hidden() -> None:
    """It may be why the fault never fired, so no exit check replaces it."""
    mock = FilesMock()

    @mock
    def fail() -> None:
        mock.inject(faults.timeout(), on="list")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


def test_a_call_while_the_mock_is_active_loses_nothing() -> None:
    """It is refused before it is emptied, so the files of the outer `with` stay."""
    with FilesMock() as mock:
        mock.add_file("a.txt")
        with pytest.raises(StateError):
            mock(print)()

        assert ["a.txt"] == listed(mock)


def test_a_call_within_a_decorated_call_is_part_of_it() -> None:
    """It finds what is there, and leaves it: on a class and its method, and in a coroutine."""
    mock = FilesMock()

    @mock
    def add(filename: str) -> list[str]:
        mock.add_file(filename)
        return listed(mock)

    @mock
    async def add_later(filename: str) -> list[str]:
        return add(filename)

    @mock
    class Tests:
        @mock
        def test_it(self) -> list[str]:
            """The calls within find the armed fault, and the file of the one before."""
            mock.inject(faults.server_error(), "upload", optional=True)
            assert ["a.txt"] == add("a.txt")
            assert 1 == len(mock.armed)
            return add("b.txt")

        async def test_coroutines(self) -> set[str]:
            """Calls at the same time, and one after them, add to the same files."""
            await asyncio.gather(add_later("a.txt"), add_later("b.txt"))
            return {*add("c.txt")}

    for _ in range(2):
        assert ["b.txt", "a.txt"] == Tests().test_it()
        assert {"a.txt", "b.txt", "c.txt"} == asyncio.run(Tests().test_coroutines())
        assert not is_active(mock)


class _Base:
    def test_inherited(self) -> list[str]:
        """Decorated in the subclass only: `_Base` itself stays as it was."""
        return self.add()  # type: ignore[attr-defined, no-any-return]


def test_every_test_method_of_a_class_starts_empty() -> None:
    """Inherited, static, class and coroutine methods too; nothing else is touched."""
    mock = FilesMock()

    @mock
    class Tests(_Base):
        test_data = ("a", "b")
        testing = dict

        def add(self) -> list[str]:
            mock.add_file("a.txt")
            return listed(mock)

        def test_plain(self) -> list[str]:
            """Its own file is the only one, whatever ran before."""
            return self.add()

        async def test_coroutine(self) -> list[str]:
            """The mock is still active while it is awaited."""
            return self.add()

        @classmethod
        def test_class(cls) -> list[str]:
            """It stays a class method, called on the class."""
            return cls().add()

        @staticmethod
        def test_static() -> list[str]:
            """It stays a static method, called without an instance."""
            return Tests().add()

        def helps(self) -> bool:
            return is_active(mock)

    tests = Tests()
    for run in (tests.test_plain, tests.test_inherited, Tests.test_class, Tests.test_static):
        assert ["a.txt"] == run()
    assert ["a.txt"] == asyncio.run(tests.test_coroutine())
    assert (("a", "b"), dict) == (Tests.test_data, Tests.testing)
    assert not tests.helps()
    assert not hasattr(_Base.test_inherited, "__wrapped__")


def test_unittest_classes_can_be_decorated() -> None:
    """A failed exit check is a failure of that test, not an error; the others pass."""
    mock = FilesMock(environ="eugpt")

    @mock
    class Tests(unittest.TestCase):
        def test_one(self) -> None:
            """It runs under two names, and each time finds its own file only."""
            mock.add_file("a.txt")
            assert ["a.txt"] == listed(mock)

        test_two = test_one

    @mock
    class AsyncTests(unittest.IsolatedAsyncioTestCase):
        async def test_one(self) -> None:
            """`unittest` awaits it, as it is still a coroutine function."""
            mock.add_file("a.txt")
            assert ["a.txt"] == listed(mock)

        def test_fails(self) -> None:
            """Its fault never fires, so the exit checks fail it."""
            mock.inject(faults.timeout(), on="list")

    loader, result = unittest.TestLoader(), unittest.TestResult()
    loader.loadTestsFromTestCase(Tests).run(result)
    loader.loadTestsFromTestCase(AsyncTests).run(result)

    assert 4 == result.testsRun
    assert [] == result.errors
    assert ["test_fails"] == [case._testMethodName for case, _ in result.failures]  # type: ignore[attr-defined]


def _generator() -> Any:
    yield


async def _async_generator() -> Any:
    yield


@pytest.fixture
def _fixture() -> None:
    """Something that a decorator can't decorate."""


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (7, "A FilesMock decorates functions, coroutine functions and classes, got 7."),
        (_generator, "can't decorate the generator _generator"),
        (_async_generator, "can't decorate the generator _async_generator"),
        (_fixture, "can't decorate the fixture _fixture"),
        (type("Empty", (), {}), "decorates the test* methods of a class; Empty has none."),
    ],
)
def test_what_cannot_be_decorated_is_refused(target: Any, message: str) -> None:
    """A generator would run after the mock was left; a class without tests would not use it."""
    with pytest.raises(OptionError, match=re.escape(message)):
        FilesMock()(target)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("https://chat.eugpt.ai/v1", "FilesMock(base_url='https://chat.eugpt.ai/v1')"),
        ({"seed": 7}, "FilesMock(**options)"),
        (print, "`@FilesMock()`, with parentheses, above print"),
        (unittest.TestCase, "`@FilesMock()`, with parentheses, above TestCase"),
        ("eugpt_secret", "got a str."),
    ],
)
def test_a_value_without_a_name_is_refused(value: Any, meant: str) -> None:
    """With the line that was meant; the value itself may be a key."""
    with pytest.raises(OptionError, match=re.escape(meant)) as refused:
        FilesMock(value)
    assert "eugpt_secret" not in str(refused.value)


def run_cases(*classes: type[unittest.TestCase]) -> unittest.TestResult:
    loader, result = unittest.TestLoader(), unittest.TestResult()
    for one in classes:
        loader.loadTestsFromTestCase(one).run(result)
    return result


def test_all_of_a_test_case_runs_within_the_mock() -> None:
    """From `setUp` to the last clean-up, also in coroutines; it is emptied before `setUp`."""
    mock, seen = FilesMock(), []

    def see(place: str) -> None:
        seen.append((place, is_active(mock), listed(mock)))

    class Case(unittest.TestCase):
        def setUp(self) -> None:
            """What it adds is there in the test."""
            mock.inject(faults.server_error(), on="upload", optional=True)
            mock.add_file("a.txt")
            self.addCleanup(see, "clean-up")

        def test_it(self) -> None:
            """It finds the file, and adds another one."""
            assert 1 == len(mock.armed)
            mock.add_file("b.txt")

        test_again = test_it

        def tearDown(self) -> None:
            """It still sees both."""
            see("tearDown")

    class AsyncCase(unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self) -> None:
            """After `setUp`, which the class doesn't have."""
            mock.add_file("a.txt")

        async def test_it(self) -> None:
            """As above."""
            mock.add_file("b.txt")

        async def asyncTearDown(self) -> None:
            """Before `tearDown`."""
            see("asyncTearDown")

    result = run_cases(mock(Case), mock(AsyncCase))

    assert (3, [], []) == (result.testsRun, result.errors, result.failures)
    both = (True, ["b.txt", "a.txt"])
    places = ["tearDown", "clean-up"] * 2 + ["asyncTearDown"]
    assert [(place, *both) for place in places] == seen
    assert not is_active(mock)


def test_the_exit_checks_of_a_test_case_run_at_its_end() -> None:
    """A failure of that test; one that has failed already is not told twice."""
    mock = FilesMock()

    @mock
    class Tests(unittest.TestCase):
        def setUp(self) -> None:
            """The fault is never met."""
            mock.inject(faults.timeout(), on="list")
            if "in_setup" in self.id():
                raise ZeroDivisionError

        def test_passes(self) -> None:
            """The exit checks fail it."""

        def test_fails(self) -> None:
            """By itself."""
            self.fail("by itself")

        def test_in_setup(self) -> None:
            """It is never run."""

        @unittest.skip("not today")
        def test_skipped(self) -> None:
            """No mock is started for it."""

    result = run_cases(Tests)

    told = {case.id().rpartition(".")[2]: text for case, text in result.failures}
    assert {"test_passes", "test_fails"} == {*told}
    assert "1 armed fault never fired" in told["test_passes"]
    assert "1 armed fault never fired" not in told["test_fails"]
    assert ["test_in_setup"] == [case.id().rpartition(".")[2] for case, _ in result.errors]
    assert not is_active(mock)


def test_a_derived_test_case_is_part_of_its_own_call() -> None:
    """Decorated or not, with a `setUp` of its own or without."""
    mock = FilesMock()

    @mock
    class Base(unittest.TestCase):
        def setUp(self) -> None:
            """The only file."""
            mock.add_file("a.txt")

        def test_it(self) -> None:
            """Not emptied between `setUp` and the test."""
            assert ["a.txt"] == listed(mock)

    class Derived(Base):
        def setUp(self) -> None:
            """Through the base."""
            super().setUp()

    @mock
    class DecoratedAgain(Base):
        pass

    result = run_cases(Base, Derived, DecoratedAgain)
    assert (3, [], []) == (result.testsRun, result.errors, result.failures)


@pytest.mark.parametrize(
    ("give", "told"),
    [
        (lambda mock: mock.add_file("a.txt"), "add_file('a.txt')"),
        (lambda mock: mock.inject(faults.unavailable(), on="list"), "on list"),
        (lambda mock: mock.stub("GET", "/models", json={}), "stub('GET', '/models')"),
        (lambda mock: mock.after("list", lambda call: None), "after('list', …)"),
    ],
)
def test_what_a_call_would_drop_is_refused(give: Any, told: str) -> None:
    """Given before the first call, or between two; what a call leaves may be dropped."""
    mock = FilesMock(assert_all_faults_fired=False)

    @mock
    def run() -> None:
        give(mock)

    for _ in range(2):
        run()
    give(mock)
    for _ in range(2):
        with pytest.raises(StateError, match=re.escape(told)):
            run()
    assert not is_active(mock)
    mock.reset()
    run()


def test_what_was_uploaded_before_may_be_dropped() -> None:
    """Only what the author has given was meant to stay."""
    mock = FilesMock()
    with mock:
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        form: Any = {"files": {"file": ("a.txt", b"")}, "data": {"purpose": "assistants"}}
        httpx.post(f"{mock.base_url}/files", headers=headers, **form)
    assert [] == mock(lambda: listed(mock))()
