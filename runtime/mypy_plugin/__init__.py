"""The mypy plugin (`plugins = shapewright.mypy`): sizes that plain signatures leave `Any`.

`plugin` says which functions and methods are looked at, `hooks` what is done with a call of one, `arguments` and `axes`
read its arguments from mypy's types, `evaluate` runs the function itself on tensors that have sizes and no values, and
`results` turns what comes out into a type.
"""
