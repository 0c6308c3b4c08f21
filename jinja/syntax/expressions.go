package syntax

import "github.com/slipway-build/slipway/jinja/python"

// Const is a literal; its value is made once.
type Const struct{ Value python.Value }

// Name is a variable that is read.
type Name struct {
	Name string
	Line int
	Ref  Ref
}

// List is [a, b], or (a, b).
type List struct {
	Items []Node
	Tuple bool
}

// Dict is {key: value}.
type Dict struct {
	Keys, Values []Node
	Line         int
}

// Attr is obj.name.
type Attr struct {
	Obj  Node
	Name string
	Line int
}

// Item is obj[key].
type Item struct {
	Obj, Key Node
	Line     int
}

// Slice is obj[start:stop:step].
type Slice struct {
	Obj               Node // nil where the slice is one of several subscripts
	Start, Stop, Step Node // nil where left out
	Line              int
}

// Call is callee(args).
type Call struct {
	Callee Node
	Args   Args
	Line   int
}

// Filter is value|name(args).
type Filter struct {
	Value Node // nil: the text of the enclosing block
	Name  string
	Args  Args
	Line  int
	Fn    *python.Builtin // nil: unknown, an error where it is reached
}

// Test is "value is name(args)".
type Test struct {
	Value Node
	Name  string
	Args  Args
	Line  int
	Fn    *python.Builtin
}

// Cond is "then if test else otherwise".
type Cond struct {
	Test, Then, Otherwise Node // otherwise may be nil
	Line                  int
}

// Binary is an operation of two numbers or sequences: + - * / // % **.
type Binary struct {
	Op          string
	Left, Right Node
	Line        int
	IsConst     bool // Jinja2 computes it when it compiles
	BaseIsConst bool // of a power: only the left side is such
}

// Unary is an operator before a value.
type Unary struct {
	Op    string
	Value Node
	Line  int
}

// Logic is "left and right", or "left or right".
type Logic struct {
	Or          bool
	Left, Right Node
}

// Concat is a ~ b.
type Concat struct {
	Parts   []Node
	Line    int
	IsConst bool
}

// Compare is a chain of comparisons: == != < <= > >= in, "not in".
type Compare struct {
	First Node
	Ops   []string
	Rest  []Node // of as many as ops
	Line  int
}

func (*Const) node()   {}
func (*Name) node()    {}
func (*List) node()    {}
func (*Dict) node()    {}
func (*Attr) node()    {}
func (*Item) node()    {}
func (*Slice) node()   {}
func (*Call) node()    {}
func (*Filter) node()  {}
func (*Test) node()    {}
func (*Cond) node()    {}
func (*Binary) node()  {}
func (*Unary) node()   {}
func (*Logic) node()   {}
func (*Concat) node()  {}
func (*Compare) node() {}
