package jinja

import "github.com/slipway-build/slipway/jinja/python"

// expr is an expression of the tree; eval raises what goes wrong.
type expr interface {
	eval(fr *frame) python.Value
}

// stmt is a statement of the tree.
type stmt interface {
	exec(fr *frame)
}

// ref says where a name lives: hops functions outward, then a slot there.
type ref struct{ hops, slot int }

type (
	constExpr struct{ value python.Value }
	nameExpr  struct {
		name string
		line int
		ref  ref
	}
	listExpr  struct{ items []expr }
	tupleExpr struct{ items []expr }
	dictExpr  struct {
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
	unaryExpr struct {
		op    string
		value expr
		line  int
	}
	notExpr struct{ value expr }
	andExpr struct{ left, right expr }
	orExpr  struct{ left, right expr }
	catExpr struct {
		parts   []expr
		line    int
		isConst bool
	}
	compareExpr struct {
		first expr
		ops   []operand
		line  int
	}
	operand struct {
		op    string
		value expr
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

// target is what an assignment writes to.
type target interface {
	assign(fr *frame, v python.Value)
}

type (
	nameTarget struct {
		name   string
		line   int
		ref    ref
		export bool // a top-level assignment: also a variable of the context
	}
	tupleTarget struct {
		items []target
		line  int
	}
	attrTarget struct { // namespace attribute
		name nameExpr
		attr string
		line int
	}
)

type (
	rootNode struct {
		body  []stmt
		fn    *fnInfo
		scope scope
		self  *ref // where the body uses "self"
	}
	dataStmt struct {
		text string
		line int
		skip outputCheck
	}
	outputStmt struct {
		value expr
		line  int
		skip  outputCheck
	}
	ifStmt struct {
		tests     []expr
		bodies    [][]stmt
		otherwise []stmt
		lines     []int
	}
	forStmt struct {
		target    target
		iter      expr
		test      expr // nil without "if"
		body      []stmt
		otherwise []stmt
		recursive bool
		line      int

		extended         bool // the body uses "loop"
		loopSlot         int
		scope, elseScope scope
		fn               *fnInfo // recursive loops run in a function of their own
		testFn           *fnInfo
		testScope        scope
		testTarget       target
	}
	setStmt struct {
		target target
		value  expr
		line   int
	}
	setBlockStmt struct {
		target target
		filter expr // nil or a filterExpr chain that begins with the body's text
		body   []stmt
		line   int
		scope  scope
	}
	macroStmt struct {
		name  string
		sig   signature
		body  []stmt
		line  int
		store nameTarget
		macroInfo
	}
	callStmt struct {
		sig  signature
		call *callExpr
		body []stmt
		line int
		macroInfo
	}
	filterStmt struct {
		filter expr
		body   []stmt
		line   int
		scope  scope
	}
	withStmt struct {
		targets []target
		values  []expr
		body    []stmt
		line    int
		scope   scope
	}
	autoescapeStmt struct {
		value expr
		body  []stmt
		line  int
		scope scope
	}
	blockStmt struct {
		name             string
		scoped, required bool
		body             []stmt
		line             int
		tmpl             *Template
		scope            scope
		fn               *fnInfo
		self, super      *ref
		skip             outputCheck
		locals           []localVar
	}
	extendsStmt struct {
		template expr
		line     int
		multiple extendsCheck
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
		as          nameTarget
		withContext bool
		line        int
		locals      []localVar
	}
	fromStmt struct {
		template    expr
		names       []string
		as          []nameTarget
		withContext bool
		line        int
		locals      []localVar
	}
	doStmt struct {
		value expr
		line  int
	}
)

// signature is the parameters of a macro or call block.
type signature struct {
	params   []nameTarget
	defaults []expr // of the last len(defaults) parameters
}

// macroInfo is what the compiler knows about a macro's body.
type macroInfo struct {
	fn                      *fnInfo
	scope                   scope
	caller, kwargs, varargs *ref // nil: the body does not use it
}

// outputCheck says whether a top-level output of a child template is dropped.
type outputCheck uint8

const (
	outputAlways outputCheck = iota
	outputUnlessExtended
	outputNever
)

// extendsCheck says what an extends after another one does.
type extendsCheck uint8

const (
	extendsFirst   extendsCheck = iota
	extendsMaybe                // an error if an earlier one was executed
	extendsRefused              // an error
)

// localVar is a name that an included template sees.
type localVar struct {
	name string
	ref  ref
}
