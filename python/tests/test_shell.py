"""The shell of the ``grism`` command, at a pseudo-terminal and from a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Self

import shared

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = str(shared.ROOT / "target" / "debug" / "grism")
PROMPT = "grism> "
COLUMNS = 64
TAB, UP, LEFT, END, INTERRUPT, LEAVE = "\t", "\x1b[A", "\x1b[D", "\x05", "\x03", "\x04"


def is_whole(character: bytes) -> bool:
    """Whether bytes are a character of UTF-8."""
    try:
        character.decode()
    except UnicodeDecodeError:
        return False
    return True


class Terminal:
    """A shell at a pseudo-terminal."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        environment = {"XDG_STATE_HOME": str(directory), "PAGER": "cat", "TERM": "xterm", "PATH": os.environ["PATH"]}
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.execve(COMMAND, [COMMAND, *arguments], environment)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        self._bytes = b""
        self._unread = ""
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._terminal)
        if not self._ended:
            os.waitpid(self._process, 0)

    def until(self, text: str, seconds: float = 20) -> str:
        """What the shell shows up to ``text``, without what moves the cursor."""
        deadline = time.monotonic() + seconds
        while text not in self._unread:
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} in {self._unread!r}"
            if select.select([self._terminal], [], [], left)[0]:
                self._bytes += os.read(self._terminal, 4096)
                # What moves the cursor, and a character, may come in two pieces.
                whole = re.sub(rb"(\x1b(\[[0-9;?]*)?|[\xc0-\xff][\x80-\xbf]*)$", b"", self._bytes)
                last = self._bytes[len(whole) :]
                if last and last[0] >= 0xC0 and is_whole(last):
                    whole, last = self._bytes, b""
                self._bytes = last
                self._unread += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", whole.decode(errors="replace"))
        shown, _, self._unread = self._unread.partition(text)
        return shown

    def send(self, keys: str) -> None:
        """Presses keys."""
        os.write(self._terminal, keys.encode())

    def ask(self, keys: str, answer: str) -> str:
        """Types a line, waits for ``answer`` and the next prompt; what was shown before the answer."""
        self.send(keys + "\r")
        shown = self.until(answer)
        self.prompt()
        return shown

    def prompt(self) -> None:
        """Waits for the prompt."""
        self.until(PROMPT)

    def kill(self, number: signal.Signals) -> None:
        """Sends a signal to the shell."""
        os.kill(self._process, number)

    def is_usual(self) -> bool:
        """Whether the terminal echoes, and gives whole lines, as it did before the shell."""
        usual = termios.ECHO | termios.ICANON | termios.ISIG
        return termios.tcgetattr(self._terminal)[3] & usual == usual

    def status(self) -> int:
        """The exit code."""
        self._ended = True
        return os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])


def test_a_session_at_a_terminal(tmp_path: Path) -> None:
    graph = str(tmp_path / "fleet.grism")
    with Terminal(tmp_path, "shell", graph) as shell:
        shell.prompt()
        shell.ask("CREATE (:Schooner {name: 'Vasa', guns: 64});", "nodes created: 1")
        # Over several lines; the semicolon within quotes ends nothing.
        shell.send("MATCH (s:Schooner)\r")
        shell.until("...> ")
        shell.send("RETURN ';' AS x, s.name AS name\r")
        shell.until("...> ")
        assert "┆ Vasa │" in shell.ask(";", "1 row")
        # Names of the graph and functions are completed.
        assert "(s:Schooner" in shell.ask(f"MATCH (s:Sch{TAB}) RETURN count(*) AS n;", "1 row")
        shell.send(f"RETURN coal{TAB}1) AS t;\r")
        shell.until("1 row")
        shell.prompt()
        # The line before comes back, and can be changed.
        shell.send(UP + LEFT * 8 + "1" + END)
        assert "│ 11 │" in shell.ask("", "1 row")
        # A table fits the terminal, and so does a line that is typed.
        shown = shell.ask(f"RETURN '{'word ' * 40}' AS text, range(1, 60) AS list, 3 AS n;", "1 row")
        assert max(len(line) for line in re.split(r"[\r\n]+", shown)) <= COLUMNS
        # Commands.
        shell.ask(".mode jsonlines", "\n")
        shell.ask("MATCH (s:Schooner) RETURN s.guns AS g;", '{"g":64}')
        shell.ask(".mode line", "\n")
        shell.ask("RETURN 1 AS a, 2 AS bcd;", "bcd = 2")
        assert "Schooner" in shell.ask(".schema", "guns")
        shell.ask(".timer on", "\n")
        shell.ask("RETURN 7 AS x;", " s")
        shell.ask(".help", ".mode FORM")
        # A mistake is told, and the shell goes on; Ctrl-C drops what was typed.
        shell.ask("RETRUN 1;", "did you mean RETURN")
        shell.ask(".moed csv", "did you mean `.mode`")
        shell.send("MATCH (never\r")
        shell.until("...> ")
        shell.send(INTERRUPT)
        shell.prompt()
        shell.ask("RETURN 8 AS x;", "x = 8")
        shell.send(LEAVE)
        assert shell.status() == 0
        assert shell.is_usual()
    assert "RETURN 8 AS x;" in (tmp_path / "grism" / "history").read_text()
    with Terminal(tmp_path, "query", graph) as shell:
        shell.prompt()
        shell.ask(UP, "│ 8 │")
        shell.send(".quit\r")
        assert shell.status() == 0


def test_a_running_query_is_cancelled_by_ctrl_c(tmp_path: Path) -> None:
    with Terminal(tmp_path, "shell", str(tmp_path / "g.grism")) as shell:
        shell.prompt()
        shell.send("UNWIND range(1, 100000) AS x UNWIND range(1, 100000) AS y RETURN sum(x * y % 7) AS s;\r")
        time.sleep(0.5)
        shell.send(INTERRUPT)
        shell.until("Cancelled")
        shell.prompt()
        shell.ask("RETURN 5 AS five;", "1 row")


def test_what_is_pasted_is_shown_once_and_runs_in_order(tmp_path: Path) -> None:
    with Terminal(tmp_path, "shell", str(tmp_path / "g.grism")) as shell:
        shell.prompt()
        shell.ask(".mode csv", "\n")
        shown = shell.ask(
            "RETURN size([x IN range(1, 2000000) WHERE x % 3 = 0]) AS size;\rRETURN 'é'\rAS y;", "\nsize\r\n666666"
        )
        assert "AS y" not in shown
        shown = shell.until("\ny\r\né")
        # A key draws the line again, but the text of a line is never there without the prompt.
        assert [line for line in shown.splitlines() if "RETURN" in line and "grism>" not in line] == []
        assert "AS y;AS y;" not in shown
        # A key that comes with others is no less than one that comes alone.
        shell.prompt()
        shell.send(f"RETURN 1 AS lost{INTERRUPT}RETURN 2 AS kept;\r")
        shell.until("\nkept\r\n2")


def test_the_terminal_has_its_mode_back_when_the_shell_is_ended(tmp_path: Path) -> None:
    with Terminal(tmp_path, "shell", str(tmp_path / "g.grism")) as shell:
        shell.prompt()
        assert not shell.is_usual()
        shell.kill(signal.SIGTERM)
        assert shell.status() == 128 + signal.SIGTERM
        assert shell.is_usual()


def test_statements_from_a_pipe_run_until_the_first_error(tmp_path: Path) -> None:
    text = ".mode csv\nRETURN\n1 AS x;\nRETURN 'a;b' AS y // no end;\n;\nRETURN nothing;\nRETURN 2 AS z;\n"
    arguments = [COMMAND, "shell", str(tmp_path / "g.grism")]
    done = subprocess.run(arguments, input=text, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (3, "x\n1\ny\na;b\n")
    assert "nothing" in done.stderr
    done = subprocess.run(arguments, input="RETURN 3 AS x", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "x\n3\n")
