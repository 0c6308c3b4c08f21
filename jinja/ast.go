package jinja

import "github.com/slipway-build/slipway/jinja/python"

// node is a part of a template's tree.
type node interface{ node() }

// expr is an expression of the tree.
type expr interface{ node }

// stmt is a statement of the tree.
type stmt interface{ node }

// ref says where a name lives: hops functions outward, then a slot there.
type ref struct{ hops, slot int }

type (
	constExpr struct{ value python.Value }
	nameExpr  struct {
		name string
		line int
		ref  ref
	}
	listExpr struct { // or a tuple
		items []expr
		tuple bool
	}
	dictExpr struct {
		keys, values []expr
		line         int
	}
	attrExpr struct {
		obj  expr
		name string
		line int
	}
	itemExpr struct {
		obj, key expr
		line     int
	}
	sliceExpr struct {
		obj               expr // nil where the slice is one of several subscripts
		start, stop, step expr // nil where left out
		line              int
	}
	callExpr struct {
		callee expr
		args   argList
		line   int
	}
	filterExpr struct {
		value expr // nil: the text of the enclosing block
		name  string
		args  argList
		line  int
		fn    *python.Builtin // nil: unknown, an error where it is reached
	}
	testExpr struct {
		value expr
		name  string
		args  argList
		line  int
		fn    *python.Builtin
	}
	condExpr struct {
		test, then, otherwise expr // otherwise may be nil
		line                  int
	}
	binExpr struct {
		op          string
		left, right expr
		line        int
		isConst     bool // Jinja2 computes it when it compiles
		baseIsConst bool // of a power: only the left side is such
	}
	unaryExpr struct { // with "+", "-" or "not"
		op    string
		value expr
		line  int
	}
	logicExpr struct { // "and" or "or"
		or          bool
		left, right expr
	}
	catExpr struct {
		parts   []expr
		line    int
		isConst bool
	}
	compareExpr struct {
		first expr
		ops   []string
		rest  []expr // of as many as ops
		line  int
	}
)

// argList is the arguments of a call, a filter or a test.
type argList struct {
	pos       []expr
	names     []string
	named     []expr
	star      expr // *args
	starStar  expr // **kwargs
	isPresent bool // parentheses were written
}

// target is what an assignment writes to: a name, an attribute of a namespace,
// or several targets.
type target struct {
	name   string // "" of several
	attr   string // of the namespace called name; "" for the name itself
	items  []*target
	line   int
	ref    ref
	export bool // a top-level assignment: also a variable of the context
}

type (
	dataStmt struct {
		text string
		line int
		outputRule
	}
	outputStmt struct {
		value  expr
		silent bool // "do": evaluated and not printed
		line   int
		outputRule
	}
	ifStmt struct {
		tests     []expr
		bodies    [][]stmt
		otherwise []stmt
		lines     []int
	}
	forStmt struct {
		target    *target
		iter      expr
		test      expr // nil without "if"
		body      []stmt
		otherwise []stmt
		recursive bool
		line      int

		extended         bool // the body uses "loop"
		loopSlot         int
		scope, elseScope []load
		fn               *fnInfo // recursive loops run in a function of their own
		testFn           *fnInfo
		testScope        []load
		testTarget       *target
	}
	setStmt struct {
		target *target
		value  expr
		line   int
	}
	captureStmt struct { // a set block or a filter block
		target *target // nil: the text is printed
		filter expr    // nil or a filterExpr chain that begins with the body's text
		body   []stmt
		line   int
		scope  []load
	}
	macroStmt struct {
		store target
		line  int
		function
	}
	callStmt struct {
		call *callExpr
		line int
		function
	}
	withStmt struct {
		targets []*target
		values  []expr
		body    []stmt
		line    int
		scope   []load
	}
	autoescapeStmt struct {
		value expr
		body  []stmt
		line  int
		scope []load
	}
	blockStmt struct {
		name             string
		scoped, required bool
		body             []stmt
		line             int
		scope            []load
		fn               *fnInfo
		self, super      *ref // nil: the body does not use it
		locals           []localVar
		outputRule
	}
	extendsStmt struct {
		template expr
		line     int
		second   bool // an error if an earlier one was executed
		refused  bool // an error
	}
	includeStmt struct {
		template      expr
		ignoreMissing bool
		withContext   bool
		line          int
		locals        []localVar
	}
	importStmt struct {
		template    expr
		names       []string // of "from"; nil for the whole template
		as          []target // of each name, or of the whole
		withContext bool
		line        int
		locals      []localVar
	}
)

// template is the tree of one template, with its names bound.
type template struct {
	body   []stmt
	blocks map[string]*blockStmt
	fn     *fnInfo
	scope  []load
	self   *ref // nil: the body does not use it
}

// outputRule says when top-level output of a child template is dropped.
type outputRule struct {
	dropped      bool // always
	childDropped bool // if the template extended another one before
}

// function is a body with parameters: a macro's, or that of a call block.
type function struct {
	params   []target
	defaults []expr // of the last len(defaults) parameters
	body     []stmt

	fn                      *fnInfo
	scope                   []load
	caller, kwargs, varargs *ref // nil: the body does not use it
}

// localVar is a name that an included template sees.
type localVar struct {
	name string
	ref  ref
}

// A target is no expression, but a node as well.
func (*target) node() {}

func (*constExpr) node()      {}
func (*nameExpr) node()       {}
func (*listExpr) node()       {}
func (*dictExpr) node()       {}
func (*attrExpr) node()       {}
func (*itemExpr) node()       {}
func (*sliceExpr) node()      {}
func (*callExpr) node()       {}
func (*filterExpr) node()     {}
func (*testExpr) node()       {}
func (*condExpr) node()       {}
func (*binExpr) node()        {}
func (*unaryExpr) node()      {}
func (*logicExpr) node()      {}
func (*catExpr) node()        {}
func (*compareExpr) node()    {}
func (*dataStmt) node()       {}
func (*outputStmt) node()     {}
func (*ifStmt) node()         {}
func (*forStmt) node()        {}
func (*setStmt) node()        {}
func (*captureStmt) node()    {}
func (*macroStmt) node()      {}
func (*callStmt) node()       {}
func (*withStmt) node()       {}
func (*autoescapeStmt) node() {}
func (*blockStmt) node()      {}
func (*extendsStmt) node()    {}
func (*includeStmt) node()    {}
func (*importStmt) node()     {}
