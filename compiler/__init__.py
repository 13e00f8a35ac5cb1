"""The compiler: graphs in, programs of readable kernels out.

record a function      dsl.record              -> Graph: tensor operations with types and source lines
autodiff               gradients appended to the graph, by the same operations
passes.expand          composite operations written out; simplifications; common values merged
loop.lower             operations become loop nests over named axes; movement becomes index maps
schedule               nests become kernels, kernels become slabs that are cut into tiles, slabs become phases
codegen                kernels become the text of a Numba module, each distinct one once
plan                   sizes become addresses: the table of calls that a step walks
"""
