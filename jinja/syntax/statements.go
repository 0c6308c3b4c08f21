package syntax

// Data is text outside of tags.
type Data struct {
	Text string
	Line int
	OutputRule
}

// Output is {{ value }}, an argument of print, or do.
type Output struct {
	Value  Node
	Silent bool // "do": evaluated and not printed
	Line   int
	OutputRule
}

// If is if with its elifs and else.
type If struct {
	Tests     []Node
	Bodies    [][]Node
	Otherwise []Node
	Lines     []int
}

// For is a loop.
type For struct {
	Target    *Target
	Iter      Node
	Test      Node // nil without "if"
	Body      []Node
	Otherwise []Node
	Recursive bool
	Line      int

	Extended         bool // the body uses "loop"
	LoopSlot         int
	Scope, ElseScope []Load
	Fn               *Frame // recursive loops run in a function of their own
	TestFn           *Frame
	TestScope        []Load
	TestTarget       *Target
}

// Set is "set target = value".
type Set struct {
	Target *Target
	Value  Node
	Line   int
}

// Capture is a set block or a filter block.
type Capture struct {
	Target *Target // nil: the text is printed
	Filter Node    // nil or a chain of filters that begins with the body's text
	Body   []Node
	Line   int
	Scope  []Load
}

// Macro is the definition of a macro.
type Macro struct {
	Store Target
	Line  int
	Function
}

// CallBlock is a call whose body is the caller.
type CallBlock struct {
	Call *Call
	Line int
	Function
}

// With is a scope with variables of its own.
type With struct {
	Targets []*Target
	Values  []Node
	Body    []Node
	Line    int
	Scope   []Load
}

// Autoescape turns the escaping of HTML on or off.
type Autoescape struct {
	Value Node
	Body  []Node
	Line  int
	Scope []Load
}

// Block is what a child template may replace.
type Block struct {
	Name             string
	Scoped, Required bool
	Body             []Node
	Line             int
	Scope            []Load
	Fn               *Frame
	Self, Super      *Ref // nil: the body does not use it
	Locals           []Local
	OutputRule
}

// Extends names the parent template.
type Extends struct {
	Template Node
	Line     int
	Second   bool // an error if an earlier one was executed
	Refused  bool // an error
}

// Include prints another template.
type Include struct {
	Template      Node
	IgnoreMissing bool
	WithContext   bool
	Line          int
	Locals        []Local
}

// Import makes macros and variables of another template known: "import" or "from".
type Import struct {
	Template    Node
	Names       []string // of "from"; nil for the whole template
	As          []Target // of each name, or of the whole
	WithContext bool
	Line        int
	Locals      []Local
}

func (*Data) node()       {}
func (*Output) node()     {}
func (*If) node()         {}
func (*For) node()        {}
func (*Set) node()        {}
func (*Capture) node()    {}
func (*Macro) node()      {}
func (*CallBlock) node()  {}
func (*With) node()       {}
func (*Autoescape) node() {}
func (*Block) node()      {}
func (*Extends) node()    {}
func (*Include) node()    {}
func (*Import) node()     {}
