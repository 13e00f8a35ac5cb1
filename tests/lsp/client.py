"""A client that starts the server as an editor does, and waits for what it says."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

from lsprotocol import types
from pygls.lsp.client import LanguageClient

T = TypeVar("T")
WAIT = 120.0  # seconds, for a machine that is busy; nothing is measured


def environment(cache: Path) -> dict[str, str]:
    """An environment in which a new interpreter sees the packages that this one sees, with a cache of its own."""
    path = os.pathsep.join(p for p in sys.path if p)
    return {**os.environ, "PYTHONPATH": path, "SHAPEWRIGHT_CACHE": str(cache)}


def alive(process: int) -> bool:
    """Whether a process is there, and not only waits for its parent to notice that it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def capabilities(*encodings: str, show_document: bool | None = True) -> types.ClientCapabilities:
    """What an editor can do; `encodings`: of positions, the best first. show_document: None, if it does not say."""
    chosen = [types.PositionEncodingKind(e) for e in encodings]
    document = None if show_document is None else types.ShowDocumentClientCapabilities(show_document)
    return types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=chosen or None),
        window=types.WindowClientCapabilities(show_document=document),
        workspace=types.WorkspaceClientCapabilities(
            inlay_hint=types.InlayHintWorkspaceClientCapabilities(refresh_support=True),
            code_lens=types.CodeLensWorkspaceClientCapabilities(refresh_support=True),
        ),
        text_document=types.TextDocumentClientCapabilities(
            publish_diagnostics=types.PublishDiagnosticsClientCapabilities(related_information=True),
            hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
        ),
    )


class _Process(LanguageClient):
    """Keeps how the server ended."""

    status: int | None = None
    errors = b""

    async def server_exit(self, server: asyncio.subprocess.Process) -> None:
        self.status = server.returncode
        self.errors = b"" if server.stderr is None else await server.stderr.read()


class Client:
    """A session. published, said, shown, refreshed: what the server has sent, in order."""

    def __init__(self, cache: Path, able: types.ClientCapabilities | None = None, options: object = None) -> None:
        self._runner = asyncio.Runner()
        self._process = _Process("tests", "1")
        self._versions: dict[str, int] = {}
        self.opens = True  # whether documents can be opened
        self._seen = 0  # how many of the published diagnostics have been waited for
        self.published: list[types.PublishDiagnosticsParams] = []
        self.said: list[str] = []
        self.shown: list[str] = []
        self.refreshed: list[str] = []
        self._listen()
        self.server = self._run(self._start(cache, able or capabilities(), options))

    def _listen(self) -> None:
        def shown(params: types.ShowDocumentParams) -> types.ShowDocumentResult:
            self.shown.append(params.uri)
            return types.ShowDocumentResult(success=self.opens)

        def said(params: types.ShowMessageParams) -> None:
            self.said.append(params.message)

        def published(params: types.PublishDiagnosticsParams) -> None:
            self.published.append(params)

        self._process.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(published)
        self._process.feature(types.WINDOW_SHOW_DOCUMENT)(shown)
        self._process.feature(types.WINDOW_SHOW_MESSAGE)(said)
        for name in (types.WORKSPACE_INLAY_HINT_REFRESH, types.WORKSPACE_CODE_LENS_REFRESH):
            self._process.feature(name)(self._noting(name))

    def _noting(self, name: str) -> Callable[[object], None]:
        return lambda _: self.refreshed.append(name)

    async def _start(self, cache: Path, able: types.ClientCapabilities, options: object) -> types.InitializeResult:
        start = cast("Callable[..., Coroutine[Any, Any, None]]", cast("Any", self._process).start_io)  # it has no types
        await start(sys.executable, "-m", "shapewright", "lsp", env=environment(cache))
        result = await self._process.initialize_async(
            types.InitializeParams(able, process_id=os.getpid(), initialization_options=cast("Any", options))
        )
        self._process.initialized(types.InitializedParams())
        return result

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(asyncio.wait_for(work, WAIT))

    def until(self, holds: Callable[[], bool]) -> None:
        """Let the server go on until something holds."""

        async def wait() -> None:
            while not holds():
                await asyncio.sleep(0.01)

        self._run(wait())

    # ---- files
    def open(self, path: Path, text: str | None = None, uri: str | None = None) -> str:
        """Open a file, which is written first if there is a text. Its address, if none is given."""
        if text is not None:
            path.write_text(text, encoding="utf-8")
        uri = uri or path.as_uri()
        self._versions[uri] = 1
        item = types.TextDocumentItem(uri, "python", 1, path.read_text(encoding="utf-8", errors="replace"))
        self._process.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def edit(self, uri: str, text: str) -> None:
        """Change the text in the editor."""
        self._versions[uri] += 1
        document = types.VersionedTextDocumentIdentifier(version=self._versions[uri], uri=uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self._process.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def save(self, uri: str, path: Path, text: str) -> None:
        """Change the text in the editor, and save it."""
        self.edit(uri, text)
        path.write_text(text, encoding="utf-8")
        self._process.text_document_did_save(types.DidSaveTextDocumentParams(_document(uri)))

    def close_file(self, uri: str) -> None:
        """Close a file."""
        self._process.text_document_did_close(types.DidCloseTextDocumentParams(_document(uri)))

    def configure(self, settings: object) -> None:
        """Change the settings."""
        params = types.DidChangeConfigurationParams(cast("Any", settings))
        self._process.workspace_did_change_configuration(params)

    # ---- answers
    def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        """The next diagnostics of a file that come."""
        self.until(lambda: any(p.uri == uri for p in self.published[self._seen :]))
        at = next(i for i, p in enumerate(self.published[self._seen :], self._seen) if p.uri == uri)
        self._seen = at + 1
        return list(self.published[at].diagnostics)

    def error(self, uri: str, code: str) -> types.Diagnostic:
        """The only one of the next diagnostics of a file that are one, of this code."""
        found: list[types.Diagnostic] = []
        while [d.code for d in found] != [code]:
            found = self.diagnostics(uri)
        return found[0]

    def hints(self, uri: str) -> list[tuple[int, int, str]]:
        """The inlay hints of a whole file: line and column from 0, and text."""
        whole = types.Range(types.Position(0, 0), types.Position(10_000, 0))
        params = types.InlayHintParams(_document(uri), whole)
        found = self._run(self._process.text_document_inlay_hint_async(params)) or []
        return [(h.position.line, h.position.character, str(h.label)) for h in found]

    def hover(self, uri: str, line: int, column: int) -> tuple[str, types.Range] | None:
        """What is shown at a place, and the range it is about."""
        params = types.HoverParams(_document(uri), types.Position(line, column))
        found = self._run(self._process.text_document_hover_async(params))
        if found is None:
            return None
        assert isinstance(found.contents, types.MarkupContent) and found.range is not None
        return found.contents.value, found.range

    def lenses(self, uri: str) -> list[types.CodeLens]:
        """The code lenses of a file."""
        found = self._run(self._process.text_document_code_lens_async(types.CodeLensParams(_document(uri))))
        return list(found or [])

    def resolve(self, lens: types.CodeLens) -> types.Command:
        """The command of a lens."""
        command = self._run(self._process.code_lens_resolve_async(lens)).command
        assert command is not None
        return command

    def resolve_and_close(self, lens: types.CodeLens, uri: str, ready: Callable[[], bool]) -> types.CodeLens:
        """The answer of a lens whose file is closed while it is made, as soon as `ready`."""

        async def both() -> types.CodeLens:
            answer = asyncio.ensure_future(self._process.code_lens_resolve_async(lens))
            while not ready():
                await asyncio.sleep(0.01)
            self.close_file(uri)
            return await answer

        return self._run(both())

    def actions(self, uri: str, line: int, *, automatic: bool = False) -> list[types.Command]:
        """The actions in a line."""
        kind = types.CodeActionTriggerKind.Automatic if automatic else types.CodeActionTriggerKind.Invoked
        at = types.Position(line, 0)
        context = types.CodeActionContext([], trigger_kind=kind)
        params = types.CodeActionParams(_document(uri), types.Range(at, at), context)
        found = self._run(self._process.text_document_code_action_async(params)) or []
        return [x for x in found if isinstance(x, types.Command)]

    def fixes(self, uri: str, error: types.Diagnostic) -> list[types.CodeAction]:
        """The corrections of an error."""
        context = types.CodeActionContext([error], only=[types.CodeActionKind.QuickFix])
        params = types.CodeActionParams(_document(uri), error.range, context)
        found = self._run(self._process.text_document_code_action_async(params)) or []
        assert all(isinstance(x, types.CodeAction) for x in found)
        return [x for x in found if isinstance(x, types.CodeAction)]

    def execute(self, command: types.Command) -> dict[str, str] | None:
        """What a command returns."""
        params = types.ExecuteCommandParams(command.command, command.arguments)
        return cast("dict[str, str] | None", self._run(self._process.workspace_execute_command_async(params)))

    # ---- the end
    def leave(self, *, politely: bool = True) -> tuple[int | None, str]:
        """End the session, with a shutdown before it if that is polite: the exit status and the standard error."""

        async def end() -> None:
            if politely:
                await self._process.shutdown_async(None)
            self._process.exit(None)
            await cast("Any", self._process).stop()  # it has no types

        self._run(end())
        self._runner.close()
        return self._process.status, self._process.errors.decode()


def _document(uri: str) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri)
