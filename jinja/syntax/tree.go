package syntax

// Node is a part of a template's tree: an expression, a statement or a target.
type Node interface{ node() }

// Ref says where a name lives: hops functions outward, then a slot there.
type Ref struct{ Hops, Slot int }

// Args is the arguments of a call, a filter or a test.
type Args struct {
	Pos      []Node
	Names    []string
	Named    []Node
	Star     Node // *args
	StarStar Node // **kwargs
}

// Target is what an assignment writes to: a name, an attribute of a namespace,
// or several targets.
type Target struct {
	Name   string // "" of several
	Attr   string // of the namespace called name; "" for the name itself
	Items  []*Target
	Line   int
	Ref    Ref
	Export bool // a top-level assignment: also a variable of the context
}

func (*Target) node() {}

// Template is the tree of one template, with its names bound.
type Template struct {
	Body   []Node
	Blocks map[string]*Block
	Fn     *Frame
	Scope  []Load
	Self   *Ref // nil: the body does not use it
}

// OutputRule says when top-level output of a child template is dropped.
type OutputRule struct {
	Dropped      bool // always
	ChildDropped bool // if the template extended another one before
}

// Function is a body with parameters: a macro's, or that of a call block.
type Function struct {
	Params   []Target
	Defaults []Node // of the last len(defaults) parameters
	Body     []Node

	Fn                      *Frame
	Scope                   []Load
	Caller, Kwargs, Varargs *Ref // nil: the body does not use it
}

// Local is a name that an included template sees.
type Local struct {
	Name string
	Ref  Ref
}
