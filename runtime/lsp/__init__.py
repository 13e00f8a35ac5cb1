"""The language server: diagnostics, shapes, costs and kernels in an editor (`shapewright lsp`)."""
