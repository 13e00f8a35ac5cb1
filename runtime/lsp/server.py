"""The server: what it is asked, and what it answers. Everything that takes long runs in processes of `session`."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import cast, final

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import PositionCodec

from ..cache import EDITOR
from ..check.files import read_text
from ..cpu.folders import cache_root, private_folder
from ..doctor import version_of
from .diagnostics import Look, diagnostics_of, title_of, uri_of
from .hints import inlay_hints
from .hover import hover
from .kernels import Compiled, text_for
from .session import Check, Closed, File, Session
from .settings import changed
from .text import LineMap, line_range, lines_of

COMMAND = "shapewright.showKernel"


@final
class Server:
    """Connects the protocol to a session.

    `clean` says whether the client has asked for a shutdown, as it should before it leaves.
    """

    def __init__(self) -> None:
        kind = types.TextDocumentSyncKind.Full  # the library cuts lines where editors do not, such as at form feeds
        self.protocol = LanguageServer("shapewright", version_of("shapewright") or "0", text_document_sync_kind=kind)
        self.session = Session(self.show)
        self.clean = False
        self._published: dict[str, dict[str, list[types.Diagnostic]]] = {}  # by file that was checked, by file shown
        self._uris: dict[str, str] = {}  # by path, as the client has written them
        self._opening: set[asyncio.Task[None]] = set()
        self._register()

    def _register(self) -> None:
        handlers: list[tuple[str, Callable[..., object], object]] = [
            (types.INITIALIZE, self.initialize, None),
            (types.SHUTDOWN, self.shutdown, None),
            (types.WORKSPACE_DID_CHANGE_CONFIGURATION, self.configure, None),
            (types.TEXT_DOCUMENT_DID_OPEN, self.opened, None),
            (types.TEXT_DOCUMENT_DID_SAVE, self.saved, types.SaveOptions(include_text=False)),
            (types.TEXT_DOCUMENT_DID_CLOSE, self.closed, None),
            (types.TEXT_DOCUMENT_INLAY_HINT, self.hints, None),
            (types.TEXT_DOCUMENT_HOVER, self.hover, None),
            (types.TEXT_DOCUMENT_CODE_LENS, self.lenses, types.CodeLensOptions(resolve_provider=True)),
            (types.CODE_LENS_RESOLVE, self.resolve, None),
            (types.TEXT_DOCUMENT_CODE_ACTION, self.actions, None),
        ]
        for name, handler, options in handlers:
            self.protocol.feature(name, options)(partial(handler))  # the library marks what it is given
        self.protocol.command(COMMAND)(partial(self.show_kernel))

    # ---- life
    def initialize(self, params: types.InitializeParams) -> None:
        """Take the settings that the client starts with."""
        self._configure(params.initialization_options, shared=False)

    def configure(self, params: types.DidChangeConfigurationParams) -> None:
        """Take new settings."""
        self._configure(params.settings, shared=True)
        self._refresh()

    def _configure(self, given: object, *, shared: bool) -> None:
        self.session.settings, wrong = changed(self.session.settings, given, shared=shared)
        for text in wrong:
            self._say(f"shapewright: {text}", types.MessageType.Warning)

    def shutdown(self, params: None) -> None:
        """End what runs."""
        self.clean = True
        self.session.close()

    # ---- files
    async def opened(self, params: types.DidOpenTextDocumentParams) -> None:
        """Check a file."""
        path = _path(params.text_document.uri)
        if path is not None:
            self._uris[str(path)] = params.text_document.uri
            self.session.opened(params.text_document.uri, path)

    async def saved(self, params: types.DidSaveTextDocumentParams) -> None:
        """Check a file again, and those that import it."""
        path = _path(params.text_document.uri)
        if path is not None:
            self.session.saved(path)

    def closed(self, params: types.DidCloseTextDocumentParams) -> None:
        """Take back what was said about a file."""
        file = self.session.closed(params.text_document.uri)
        if file is not None:
            self._publish(file, {})
            for other in self.session.files.values():  # its unsaved text is gone, to which they have pointed
                if str(file.path) in self._published.get(str(other.path), {}):
                    self.show(other)

    def show(self, file: File) -> None:
        """Publish the diagnostics of a check that has ended."""
        check = file.last
        self._publish(file, {} if check is None else diagnostics_of(check.result, self._look(check)))
        self._refresh()

    def _publish(self, file: File, found: dict[str, list[types.Diagnostic]]) -> None:
        """Replace what a check had found; several may speak of one file, such as one that both import."""
        key = str(file.path)
        before = self._published.pop(key, {})
        if found:
            self._published[key] = found
        for shown in dict.fromkeys([*before, *found]):
            together = [d for by_file in self._published.values() for d in by_file.get(shown, [])]
            uri = self._uris.get(shown) or uri_of(shown)
            self.protocol.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri, [d for i, d in enumerate(together) if d not in together[:i]])
            )

    def _look(self, check: Check) -> Look:
        file = check.result.file
        capabilities = self.protocol.client_capabilities.text_document
        publish = None if capabilities is None else capabilities.publish_diagnostics
        related = publish is not None and bool(publish.related_information)
        edits, _ = check.edits_to(self._text(file))
        docs = self.session.settings.docs
        return Look(file, check.lines, edits, self._other, check.sources, self._codec, related, docs)

    def _other(self, file: str) -> tuple[list[str], LineMap]:
        """The lines of a file that was imported, and what has happened to them in the editor."""
        lines = lines_of(read_text(Path(file)) or "")
        return lines, LineMap(lines, lines_of(self._text(file)))

    def _text(self, file: str) -> str:
        """The text of a file as the editor has it, or as it is on disk."""
        uri = next((u for u, f in self.session.files.items() if str(f.path) == file), None)
        if uri is not None and uri in self.protocol.workspace.text_documents:
            text: str = self.protocol.workspace.text_documents[uri].source
            return text
        return read_text(Path(file)) or ""

    # ---- shapes
    def hints(self, params: types.InlayHintParams) -> list[types.InlayHint]:
        """Shapes behind names and expressions."""
        found = self._typed(params.text_document.uri)
        if found is None:
            return []
        check, edits, _ = found
        return inlay_hints(check.result, check.lines, edits, self.session.settings.hints, params.range, self._codec)

    def hover(self, params: types.HoverParams) -> types.Hover | None:
        """Shape and cost of an expression."""
        found = self._typed(params.text_document.uri)
        if found is None:
            return None
        check, edits, lines = found
        return hover(check.result, check.lines, edits, params.position, lines, self._codec, self._markup)

    def _typed(self, uri: str) -> tuple[Check, LineMap, list[str]] | None:
        """The types of a file, how its lines have moved since, and the lines as they are now."""
        file = self.session.files.get(uri)
        if file is None or file.typed is None:
            return None
        return (file.typed, *file.typed.edits_to(self._text(str(file.path))))

    # ---- kernels
    def lenses(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        """A lens at every line that computes something. Those whose kernels are known have their names."""
        uri = params.text_document.uri
        found = self._typed(uri)
        if found is None or not self.session.settings.lenses:
            return []
        check, edits, lines = found
        known = self.session.known(self.session.files[uri])
        computing = sorted({line for f in check.result.functions for line in f.lines})
        lenses: list[types.CodeLens] = []
        for now in filter(None, map(edits.new, computing)):
            lens = types.CodeLens(line_range(now, lines, self._codec), data={"uri": uri, "line": now - 1})
            if known is not None:
                lens.command = self._command(known, uri, now)
            lenses.append(lens)
        return lenses

    async def resolve(self, lens: types.CodeLens) -> types.CodeLens:
        """The names of the kernels of a line, which are compiled for it."""
        data = cast("Mapping[str, object]", lens.data or {})
        uri, line = str(data.get("uri")), cast("int", data.get("line", -1)) + 1
        file = self.session.files.get(uri)
        if file is not None:
            with suppress(Closed):
                lens.command = self._command(await self.session.compiled(file), uri, line)
        return lens

    def _command(self, compiled: Compiled, uri: str, line: int) -> types.Command:
        found = self._typed(uri)
        old = None if found is None else found[1].old(line)
        names = [] if old is None else compiled.names_for(str(self.session.files[uri].path), old)
        title = f"show kernel: {', '.join(names)}" if names else "no kernel"
        return types.Command(title, COMMAND, arguments=[uri, line - 1])

    # ---- actions
    async def actions(self, params: types.CodeActionParams) -> list[types.Command | types.CodeAction]:
        """Corrections of an error in the line; and its lens, if actions are asked for, for editors without lenses."""
        uri, line = params.text_document.uri, params.range.start.line
        file, only = self.session.files.get(uri), params.context.only
        actions: list[types.Command | types.CodeAction] = []
        if file is not None and (not only or types.CodeActionKind.QuickFix in only):
            with suppress(Closed):
                actions += await self._fixes(file, uri, params)
        found = self._typed(uri)
        if found is not None and not only and params.context.trigger_kind is not types.CodeActionTriggerKind.Automatic:
            old = found[1].old(line + 1)
            if any(old in f.lines for f in found[0].result.functions):
                actions.append(types.Command("Show the kernels of this line", COMMAND, arguments=[uri, line]))
        return actions

    async def _fixes(self, file: File, uri: str, params: types.CodeActionParams) -> list[types.CodeAction]:
        """The corrections of errors that are where the client asks, or that it names."""
        check = file.last
        if check is None:
            return []
        look = self._look(check)
        actions: list[types.CodeAction] = []
        for error in check.result.diagnostics:
            if error.span.file != look.file or look.edits.moved(error.span.line, error.span.end_line) is None:
                continue
            at = look.range(error.span)
            solved = [d for d in params.context.diagnostics if d.code == error.code and d.range == at]
            if not solved and (at.end < params.range.start or params.range.end < at.start):
                continue
            fix = error.fix if await self.session.is_corrected(file, check, error) else None
            now = self._look(check)  # the text may have changed meanwhile
            if fix is not None and now.edits.moved(fix.span.line, fix.span.end_line) is not None:
                change = types.TextEdit(now.range(fix.span, exactly=True), fix.text)
                edit = types.WorkspaceEdit(changes={uri: [change]})
                kind = types.CodeActionKind.QuickFix
                actions.append(types.CodeAction(title_of(error), kind=kind, diagnostics=solved, edit=edit))
        return actions

    async def show_kernel(self, uri: str, line: int) -> dict[str, str] | None:
        """The kernels of a line (from 0), as text and as a file that the client is asked to open."""
        file = self.session.files.get(uri)
        found = self._typed(uri)
        if file is None or found is None:
            self._say(f"{uri} has no typed functions that could be checked", types.MessageType.Warning)
            return None
        _, edits, lines = found
        old = edits.old(line + 1)
        if old is None:
            self._say("this line has changed since the file was saved: save it first", types.MessageType.Warning)
            return None
        try:
            compiled = await self.session.compiled(file)
        except Closed:
            return None
        text = text_for(compiled, str(file.path), old, lines[line])
        shown = _written(file.path.stem, old, text)
        task = asyncio.get_running_loop().create_task(self._open(shown))  # its answer may come after ours
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        return {"path": str(shown), "text": text}

    async def _open(self, file: Path) -> None:
        """Ask the client to open a file, or say where it is. Some clients can that do not say so: Helix before 2026."""
        window = self.protocol.client_capabilities.window
        able = None if window is None or window.show_document is None else window.show_document.support
        with suppress(JsonRpcException):
            params = types.ShowDocumentParams(file.as_uri(), take_focus=True)
            if able is not False and (await self.protocol.window_show_document_async(params)).success:
                return
        self._say(f"the kernels are in {file}", types.MessageType.Info)

    # ---- the client
    @property
    def _codec(self) -> PositionCodec:
        return self.protocol.workspace.position_codec

    @property
    def _markup(self) -> types.MarkupKind:
        capabilities = self.protocol.client_capabilities.text_document
        shown = None if capabilities is None or capabilities.hover is None else capabilities.hover.content_format
        return types.MarkupKind.Markdown if not shown or types.MarkupKind.Markdown in shown else shown[0]

    def _say(self, text: str, kind: types.MessageType) -> None:
        self.protocol.window_show_message(types.ShowMessageParams(kind, text))

    def _refresh(self) -> None:
        """Ask the client to ask again for hints and lenses, if it lets itself be asked."""
        workspace = self.protocol.client_capabilities.workspace
        if workspace is None:
            return
        if workspace.inlay_hint is not None and workspace.inlay_hint.refresh_support:
            self.protocol.workspace_inlay_hint_refresh(None)
        if workspace.code_lens is not None and workspace.code_lens.refresh_support:
            self.protocol.workspace_code_lens_refresh(None)


def _path(uri: str) -> Path | None:
    """The file of an address; None for what is none, such as a new buffer."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return None if path is None else Path(os.path.abspath(path))


def _written(stem: str, line: int, text: str) -> Path:
    """The file that holds a text: its name says which line it is of, and changes with the text."""
    folder = private_folder(cache_root() / EDITOR)
    path = folder / f"{stem}_{line}_{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}.md"
    path.write_text(text, encoding="utf-8")
    return path


def serve() -> int:
    """Serve a client on standard input and output until it leaves. The exit status: 0 after a shutdown, else 1."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints, prints to the standard error: the protocol has the standard output for itself
    server = Server()
    server.protocol.start_io(sys.stdin.buffer, out)
    return 0 if server.clean else 1
