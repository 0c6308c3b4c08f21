package jinja

import (
	"fmt"

	"github.com/slipway-build/slipway/jinja/python"
)

// compiler binds names, filters and tests of a tree, and decides what child
// templates print. One pass over the root, then one over each block.
type compiler struct {
	*grammar
	name         string // of the template
	hasExtends   bool   // there is an extends somewhere
	knownExtends bool   // one at the root was passed
	extends      int    // number of extends passed
	listed       int    // names listed for includes
}

// cframe is what the compiler knows at one place of the tree.
type cframe struct {
	sym       *symbols
	top       bool // root and the branches of its ifs: assignments are exported
	root      bool // not even in an if
	soft      bool // in an if or inline if: an unknown filter fails only when reached
	checkSkip bool // output is dropped if the template extends another
}

func (f *cframe) inner(fn *fnInfo) *cframe {
	if fn == nil {
		fn = f.sym.fn
	}
	return &cframe{sym: newSymbols(f.sym, fn), checkSkip: f.checkSkip}
}

func (f *cframe) newFn() *fnInfo { return &fnInfo{parent: f.sym.fn} }

func (f *cframe) ref(name string) ref {
	r, ok := f.sym.findRef(name)
	if !ok {
		panic("name '" + name + "' was not analyzed")
	}
	return f.sym.fn.refTo(r)
}

func (p *parser) compile(body []stmt) *template {
	c := &compiler{grammar: p.grammar, name: p.name, hasExtends: p.extends}
	t := &template{body: body, fn: &fnInfo{}}
	if len(p.blocks) > 0 {
		t.blocks = make(map[string]*blockStmt, len(p.blocks))
	}
	for _, b := range p.blocks {
		if t.blocks[b.name] != nil {
			c.fail(b.line, "block %s defined twice", python.Quote(b.name))
		}
		t.blocks[b.name] = b
	}
	f := &cframe{sym: newSymbols(nil, t.fn), top: true, root: true, checkSkip: p.extends}
	if findUndeclared(body, "self")["self"] {
		t.self = &ref{0, f.sym.param("self")}
	}
	f.sym.analyzeBody(body)
	t.scope = f.sym.scope()
	c.body(body, f)
	for _, b := range p.blocks {
		c.block(b)
	}
	return t
}

func (c *compiler) block(b *blockStmt) {
	b.fn = &fnInfo{}
	f := &cframe{sym: newSymbols(nil, b.fn)}
	special := findUndeclared(b.body, "self", "super")
	if special["self"] {
		b.self = &ref{0, f.sym.param("self")}
	}
	if special["super"] {
		b.super = &ref{0, f.sym.param("super")}
	}
	f.sym.analyzeBody(b.body)
	b.scope = f.sym.scope()
	c.body(b.body, f)
}

func (c *compiler) fail(line int, format string, args ...any) {
	panic(&python.Error{Kind: python.AssertionError, Template: c.name, Line: line, Msg: fmt.Sprintf(format, args...)})
}

func (c *compiler) body(body []stmt, f *cframe) {
	for _, st := range body {
		c.stmt(st, f)
	}
}

// output says when top-level output is dropped.
func (c *compiler) output(f *cframe) outputRule {
	return outputRule{dropped: f.checkSkip && c.knownExtends, childDropped: f.checkSkip}
}

func (c *compiler) stmt(st stmt, f *cframe) {
	switch st := st.(type) {
	case *dataStmt:
		st.outputRule = c.output(f)
	case *outputStmt:
		if !st.silent {
			st.outputRule = c.output(f)
		}
		c.expr(st.value, f, f.soft)
	case *ifStmt:
		c.ifStmt(st, f)
	case *forStmt:
		c.forStmt(st, f)
	case *setStmt:
		c.target(st.target, f)
		c.expr(st.value, f, f.soft)
	case *captureStmt:
		c.capture(st, f)
	case *macroStmt:
		c.function(&st.function, st.line, f)
		c.target(&st.store, f)
	case *callStmt:
		c.function(&st.function, st.line, f)
		c.expr(st.call, f, f.soft)
	case *withStmt:
		c.withStmt(st, f)
	case *autoescapeStmt:
		in := f.inner(nil)
		in.sym.loadNames(st.value)
		in.sym.analyzeBody(st.body)
		st.scope = in.sym.scope()
		c.expr(st.value, in, false)
		c.body(st.body, in)
	case *blockStmt:
		c.blockHere(st, f)
	case *extendsStmt:
		c.extendsStmt(st, f)
	case *includeStmt:
		c.expr(st.template, f, f.soft)
		st.locals = c.locals(f)
	case *importStmt:
		c.expr(st.template, f, f.soft)
		for i := range st.as {
			c.target(&st.as[i], f)
		}
		st.locals = c.locals(f)
	}
}

// capture compiles a set block or a filter block.
func (c *compiler) capture(st *captureStmt, f *cframe) {
	in := f.inner(nil)
	if st.target == nil {
		in.sym.analyzeBody(st.body)
		in.sym.loadNames(st.filter)
	} else {
		in.checkSkip = false
		in.sym.loadNames(st.filter)
		in.sym.analyzeBody(st.body)
	}
	st.scope = in.sym.scope()
	c.body(st.body, in)
	if st.target != nil {
		c.target(st.target, f)
	}
	c.expr(st.filter, in, false)
}

// maxListed bounds the names that are listed for all includes of a template.
const maxListed = 1 << 20

func (c *compiler) locals(f *cframe) []localVar {
	known := f.sym.known != nil
	vars := f.sym.locals()
	if !known {
		c.listed += len(vars)
	}
	if c.listed > maxListed {
		panic(&python.Error{Kind: python.LimitError, Template: c.name, Msg: "template has too many names and includes"})
	}
	return vars
}

func (c *compiler) ifStmt(st *ifStmt, f *cframe) {
	soft := *f
	soft.root, soft.soft = false, true
	for i, test := range st.tests {
		c.expr(test, &soft, true)
		c.body(st.bodies[i], &soft)
	}
	c.body(st.otherwise, &soft)
}

func (c *compiler) withStmt(st *withStmt, f *cframe) {
	in := f.inner(nil)
	for _, t := range st.targets {
		in.sym.paramTarget(t)
	}
	in.sym.analyzeBody(st.body)
	st.scope = in.sym.scope()
	for i, t := range st.targets {
		c.target(t, in)
		c.expr(st.values[i], f, f.soft)
	}
	c.body(st.body, in)
}

func (c *compiler) blockHere(b *blockStmt, f *cframe) {
	if f.top && c.knownExtends {
		b.dropped = true
	} else if f.top && c.extends > 0 {
		b.childDropped = true
	}
	if b.scoped {
		b.locals = c.locals(f)
	}
}

func (c *compiler) extendsStmt(st *extendsStmt, f *cframe) {
	if !f.top {
		c.fail(st.line, "cannot use extend from a non top-level scope")
	}
	if c.extends > 0 {
		st.second, st.refused = true, c.knownExtends
	}
	c.expr(st.template, f, f.soft)
	if f.root {
		c.knownExtends = true
	}
	c.extends++
}

func (c *compiler) target(t *target, f *cframe) {
	if t.name != "" {
		t.ref, t.export = f.ref(t.name), f.top && t.attr == ""
	}
	for _, item := range t.items {
		c.target(item, f)
	}
}

func (c *compiler) expr(e expr, f *cframe, soft bool) {
	switch e := e.(type) {
	case nil, *constExpr:
		return
	case *nameExpr:
		e.ref = f.ref(e.name)
		return
	case *condExpr:
		soft = true
	case *binExpr:
		e.isConst = e.op == "*" && isConst(e)
		e.baseIsConst = e.op == "**" && isConst(e.left) && !isConst(e.right)
	case *catExpr:
		e.isConst = isConst(e)
	case *filterExpr:
		e.fn = c.filters[e.name]
		if e.fn == nil && !soft {
			c.unknown("filter", e.name, e.line, c.filters)
		}
	case *testExpr:
		e.fn = c.tests[e.name]
		if e.fn == nil && !soft {
			c.unknown("test", e.name, e.line, c.tests)
		}
	}
	inside(e, func(part node) { c.expr(part, f, soft) })
}

func (c *compiler) unknown(what, name string, line int, known map[string]*python.Builtin) {
	panic(&python.Error{Kind: python.AssertionError, Template: c.name, Line: line,
		Msg: "No " + what + " named " + python.Quote(name) + ".", Hint: didYouMean(name, known)})
}
