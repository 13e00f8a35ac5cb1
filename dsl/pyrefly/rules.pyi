"""Shape rules in the language that Pyrefly evaluates: from the sizes of arguments to those of the result.

A size is a number or an expression of axis variables. `Invalid` is for what is wrong whatever the variables are; a
condition that cannot be decided would make the whole result unknown, so conditions ask for numbers first. The rules that
run are in `dsl/movement.py` and `compiler/ops`; tests/typing compares them. These are never called, only named in results.
"""

import shape_extensions.dsl as dsl
from shape_extensions import Int, IntTuple, IntTuples, type_shape_dsl_function

# ---- joining
@type_shape_dsl_function
def concat_shape(shapes: IntTuples, axis: int) -> IntTuple:
    first = shapes[0]
    rank = len(first)
    if axis < 0 - rank or axis >= rank:
        return dsl.Invalid("concat: there is no such axis")
    if axis < 0:
        at = axis + rank
    else:
        at = axis + 0
    ranks = dsl.IntTuple(0 if len(shape) == rank else 1 for shape in shapes)
    if any(other == 1 for other in ranks):
        return dsl.Invalid("concat: the tensors have different numbers of axes")
    gaps = dsl.IntTuples(dsl.IntTuple(first[i] - shape[i] for i in range(rank) if i != at) for shape in shapes)
    wrong = dsl.IntTuple(1 if any(dsl.is_concrete_int(gap) and gap != 0 for gap in row) else 0 for row in gaps)
    if any(one == 1 for one in wrong):
        return dsl.Invalid("concat: the axes other than `axis` must be equal")
    total = dsl.sum(dsl.IntTuple(shape[at] for shape in shapes))
    return dsl.IntTuple(total if i == at else first[i] for i in range(rank))

@type_shape_dsl_function
def stack_shape(shapes: IntTuples, axis: int) -> IntTuple:
    first = shapes[0]
    rank = len(first) + 1
    if axis < 0 - rank or axis >= rank:
        return dsl.Invalid("stack: there is no such axis")
    if axis < 0:
        at = axis + rank
    else:
        at = axis + 0
    ranks = dsl.IntTuple(0 if len(shape) == len(first) else 1 for shape in shapes)
    if any(other == 1 for other in ranks):
        return dsl.Invalid("stack: the tensors have different numbers of axes")
    gaps = dsl.IntTuples(dsl.IntTuple(first[i] - shape[i] for i in range(len(first))) for shape in shapes)
    wrong = dsl.IntTuple(1 if any(dsl.is_concrete_int(gap) and gap != 0 for gap in row) else 0 for row in gaps)
    if any(one == 1 for one in wrong):
        return dsl.Invalid("stack: the tensors must have one shape")
    return dsl.IntTuple(len(shapes) if i == at else first[i if i < at else i - 1] for i in range(rank))

@type_shape_dsl_function
def concat_unequal(size: Int) -> Int:
    return dsl.Invalid("concat: the axes other than `axis` must be equal")

@type_shape_dsl_function
def stack_unequal(size: Int) -> Int:
    return dsl.Invalid("stack: the tensors must have one shape")

# ---- cutting
@type_shape_dsl_function
def split_sections(shape: IntTuple, sizes: IntTuple, axis: int) -> IntTuples:
    rank = len(shape)
    if axis < 0 - rank or axis >= rank:
        return dsl.Invalid("split: there is no such axis")
    if axis < 0:
        at = axis + rank
    else:
        at = axis + 0
    gap = shape[at] - dsl.sum(sizes)
    if dsl.is_concrete_int(gap) and gap != 0:
        return dsl.Invalid("split: the sizes do not sum to the axis")
    return dsl.IntTuples(dsl.IntTuple(size if i == at else shape[i] for i in range(rank)) for size in sizes)

@type_shape_dsl_function
def last_section(total: Int, before: Int, size: Int) -> Int:
    gaps = dsl.IntTuple((total - before - size,))
    if any(dsl.is_concrete_int(gap) and gap != 0 for gap in gaps):
        return dsl.Invalid("split: the sizes do not sum to the axis")
    return size

@type_shape_dsl_function
def split_equally(shape: IntTuple, size: Int, axis: int) -> IntTuples:
    rank = len(shape)
    if axis < 0 - rank or axis >= rank:
        return dsl.Invalid("split: there is no such axis")
    if axis < 0:
        at = axis + rank
    else:
        at = axis + 0
    total = shape[at]
    if dsl.is_concrete_int(size) and size < 1:
        return dsl.Invalid("split: a size must be positive")
    if dsl.is_concrete_int(total) and dsl.is_concrete_int(size):
        count = (total + size - 1) // size
        return dsl.IntTuples(
            dsl.IntTuple(
                (size if piece != count - 1 else total - (count - 1) * size) if i == at else shape[i]
                for i in range(rank)
            )
            for piece in range(count)
        )
    return dsl.IntTuples.gradual()

@type_shape_dsl_function
def between(size: Int, low: Int, high: Int) -> Int:
    zeros = dsl.IntTuple((0,))
    none = zeros[0]
    if dsl.is_concrete_int(size) and dsl.is_concrete_int(low) and dsl.is_concrete_int(high):
        if high < low or size < low or high < none:
            return none
        if low < none and size < high:
            return size
        if low < none:
            return high
        if size < high:
            return size - low
    return high - low

@type_shape_dsl_function
def cut_size(size: Int, start: Int, stop: Int) -> Int:
    if dsl.is_concrete_int(start) and start < 0:
        low = size + start
    else:
        low = start + 0
    if dsl.is_concrete_int(stop) and stop < 0:
        high = size + stop
    else:
        high = stop + 0
    return between(size, low, high)

@type_shape_dsl_function
def stepped_size(size: Int, step: Int) -> Int:
    if dsl.is_concrete_int(step) and step == 0:
        return dsl.Invalid("a slice with step 0")
    if dsl.is_concrete_int(step) and step < 0:
        return (size - step - 1) // (0 - step)
    return (size + step - 1) // step

@type_shape_dsl_function
def slice_shape(shape: IntTuple, starts: IntTuple, stops: IntTuple) -> IntTuple:
    count = len(starts)
    if len(stops) != count:
        return dsl.Invalid("slice: as many stops as starts")
    if count > len(shape):
        return dsl.Invalid("slice: more bounds than axes")
    # Numbers below zero count from the end; then each bound is brought between 0 and the size.
    low_signs = dsl.IntTuple(1 if dsl.is_concrete_int(bound) and bound < 0 else 0 for bound in starts)
    high_signs = dsl.IntTuple(1 if dsl.is_concrete_int(bound) and bound < 0 else 0 for bound in stops)
    low = dsl.IntTuple(starts[i] + low_signs[i] * shape[i] for i in range(count))
    high = dsl.IntTuple(stops[i] + high_signs[i] * shape[i] for i in range(count))
    low_floor = dsl.IntTuple(1 if dsl.is_concrete_int(bound) and bound < 0 else 0 for bound in low)
    high_floor = dsl.IntTuple(1 if dsl.is_concrete_int(bound) and bound < 0 else 0 for bound in high)
    low_room = dsl.IntTuple(shape[i] - low[i] * (1 - low_floor[i]) for i in range(count))
    high_room = dsl.IntTuple(shape[i] - high[i] * (1 - high_floor[i]) for i in range(count))
    low_left = dsl.IntTuple(0 if dsl.is_concrete_int(room) and room < 0 else room for room in low_room)
    high_left = dsl.IntTuple(0 if dsl.is_concrete_int(room) and room < 0 else room for room in high_room)
    wide = dsl.IntTuple(low_left[i] - high_left[i] for i in range(count))
    sizes = dsl.IntTuple(0 if dsl.is_concrete_int(size) and size < 0 else size for size in wide)
    return dsl.concat(sizes, shape[count:])

@type_shape_dsl_function
def item_shape(shape: IntTuple, at: Int) -> IntTuple:
    if len(shape) == 0:
        return dsl.Invalid("an index for a tensor without axes")
    rooms = dsl.IntTuple((shape[0] - at - 1, shape[0] + at))
    if any(dsl.is_concrete_int(room) and room < 0 for room in rooms):
        return dsl.Invalid("the index is outside the axis")
    return shape[1:]

# ---- the same elements in another shape
@type_shape_dsl_function
def reshape_shape(shape: IntTuple, to: IntTuple) -> IntTuple:
    if any(dsl.is_concrete_int(size) and size < -1 for size in to):
        return dsl.Invalid("reshape: a size is negative")
    free = dsl.IntTuple(1 for size in to if dsl.is_concrete_int(size) and size == -1)
    if len(free) > 1:
        return dsl.Invalid("reshape: more than one -1")
    known = dsl.prod(dsl.IntTuple(size for size in to if not (dsl.is_concrete_int(size) and size == -1)))
    total = dsl.prod(shape)
    if len(free) == 0:
        gap = total - known
        if dsl.is_concrete_int(gap) and gap != 0:
            return dsl.Invalid("reshape: the number of elements would change")
        return to
    if dsl.is_concrete_int(known) and known == 0:
        return dsl.Invalid("reshape: the other sizes have a 0")
    rest = total // known
    left = total - rest * known
    if dsl.is_concrete_int(left) and left != 0:
        return dsl.Invalid("reshape: the number of elements is no multiple of the other sizes")
    return dsl.IntTuple(rest if dsl.is_concrete_int(size) and size == -1 else size for size in to)

@type_shape_dsl_function
def elements(shape: IntTuple) -> Int:
    return dsl.prod(shape)

@type_shape_dsl_function
def flatten_shape(shape: IntTuple, start: int, end: int) -> IntTuple:
    rank = len(shape)
    if rank == 0:
        return dsl.IntTuple((1,))
    if start < 0 - rank or start >= rank or end < 0 - rank or end >= rank:
        return dsl.Invalid("flatten: there is no such axis")
    if start < 0:
        first = start + rank
    else:
        first = start + 0
    if end < 0:
        last = end + rank
    else:
        last = end + 0
    if first > last:
        return dsl.Invalid("flatten: `start` comes after `end`")
    merged = dsl.prod(dsl.IntTuple(shape[i] for i in range(rank) if i >= first and i <= last))
    return dsl.concat(dsl.concat(shape[:first], dsl.IntTuple((merged,))), shape[last + 1 :])

@type_shape_dsl_function
def squeeze_shape(shape: IntTuple, axis: int) -> IntTuple:
    rank = len(shape)
    if axis < 0 - rank or axis >= rank:
        return dsl.Invalid("squeeze: there is no such axis")
    if axis < 0:
        at = axis + rank
    else:
        at = axis + 0
    size = shape[at]
    if dsl.is_concrete_int(size) and size != 1:
        return dsl.Invalid("squeeze: the size of the axis is not 1")
    return dsl.concat(shape[:at], shape[at + 1 :])

@type_shape_dsl_function
def squeeze_all(shape: IntTuple) -> IntTuple:
    return dsl.IntTuple(size for size in shape if not (dsl.is_concrete_int(size) and size == 1))

@type_shape_dsl_function
def insert_size(shape: IntTuple, size: Int, axis: int) -> IntTuple:
    rank = len(shape) + 1
    if axis < 0 - rank or axis >= rank:
        return dsl.Invalid("there is no such axis")
    if axis < 0:
        at = axis + rank
    else:
        at = axis + 0
    return dsl.concat(dsl.concat(shape[:at], dsl.IntTuple((size,))), shape[at:])

# ---- more elements
@type_shape_dsl_function
def broadcast_shape(shape: IntTuple, to: IntTuple) -> IntTuple:
    lead = len(to) - len(shape)
    if lead < 0:
        return dsl.Invalid("broadcast_to: fewer axes than the tensor has")
    wide = dsl.IntTuple(1 if i < lead else shape[i - lead] for i in range(len(to)))
    wrong = dsl.IntTuple(0 if (dsl.is_concrete_int(size) and size == 1) else 1 for size in wide)
    fit = dsl.IntTuple((wide[i] - to[i]) * wrong[i] * (to[i] + 1) for i in range(len(to)))
    if any(dsl.is_concrete_int(gap) and gap != 0 for gap in fit):
        return dsl.Invalid("broadcast_to: a size that is not 1 would change")
    keep = dsl.IntTuple(1 if dsl.is_concrete_int(size) and size == -1 else 0 for size in to)
    if any(i < lead and keep[i] == 1 for i in range(len(to))):
        return dsl.Invalid("broadcast_to: -1 for an axis that the tensor does not have")
    return dsl.IntTuple(wide[i] * keep[i] + to[i] * (1 - keep[i]) for i in range(len(to)))

@type_shape_dsl_function
def pad_shape(shape: IntTuple, width: Int) -> IntTuple:
    if dsl.is_concrete_int(width) and width < 0:
        return dsl.Invalid("pad: a width is negative")
    return dsl.IntTuple(size + width + width for size in shape)

@type_shape_dsl_function
def repeat_shape(shape: IntTuple, times: Int, axis: int) -> IntTuple:
    rank = len(shape)
    if axis < 0 - rank or axis >= rank:
        return dsl.Invalid("repeat: there is no such axis")
    if axis < 0:
        at = axis + rank
    else:
        at = axis + 0
    return dsl.IntTuple(shape[i] * times if i == at else shape[i] for i in range(rank))

@type_shape_dsl_function
def einsum_unequal(size: Int) -> Int:
    return dsl.Invalid("einsum: a letter has two sizes, or an operand has other axes than letters")
