package jinja

import (
	"fmt"
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

// compiler binds names, filters and tests of a tree, and decides what child
// templates print. One pass over the root, then one over each block.
type compiler struct {
	tmpl         *Template
	hasExtends   bool // there is an extends somewhere
	knownExtends bool // one at the root was passed
	extends      int  // number of extends passed
	listed       int  // names listed for includes
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

func compile(t *Template, blocks []*blockStmt, hasExtends bool) {
	c := &compiler{tmpl: t, hasExtends: hasExtends}
	if len(blocks) > 0 {
		t.blocks = make(map[string]*blockStmt, len(blocks))
	}
	for _, b := range blocks {
		if t.blocks[b.name] != nil {
			c.fail(b.line, "block %s defined twice", python.Quote(b.name))
		}
		b.tmpl = t
		t.blocks[b.name] = b
	}
	root := t.root
	root.fn = &fnInfo{}
	f := &cframe{sym: newSymbols(nil, root.fn), top: true, root: true, checkSkip: hasExtends}
	if findUndeclared(root.body, "self")["self"] {
		root.self = &ref{0, f.sym.param("self")}
	}
	f.sym.analyzeBody(root.body)
	root.scope = f.sym.scope()
	c.body(root.body, f)
	for _, b := range blocks {
		c.block(b)
	}
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
	panic(&python.Error{Kind: python.AssertionError, Template: c.tmpl.name, Line: line, Msg: fmt.Sprintf(format, args...)})
}

func (c *compiler) body(body []stmt, f *cframe) {
	for _, st := range body {
		c.stmt(st, f)
	}
}

func (c *compiler) outputCheck(f *cframe) outputCheck {
	switch {
	case !f.checkSkip:
		return outputAlways
	case c.knownExtends:
		return outputNever
	}
	return outputUnlessExtended
}

func (c *compiler) stmt(st stmt, f *cframe) {
	switch st := st.(type) {
	case *dataStmt:
		st.skip = c.outputCheck(f)
	case *outputStmt:
		st.skip = c.outputCheck(f)
		c.expr(st.value, f, f.soft)
	case *doStmt:
		c.expr(st.value, f, f.soft)
	case *ifStmt:
		c.ifStmt(st, f)
	case *forStmt:
		c.forStmt(st, f)
	case *setStmt:
		c.target(st.target, f)
		c.expr(st.value, f, f.soft)
	case *setBlockStmt:
		in := f.inner(nil)
		in.checkSkip = false
		in.sym.loadNames(st.filter)
		in.sym.analyzeBody(st.body)
		st.scope = in.sym.scope()
		c.body(st.body, in)
		c.target(st.target, f)
		c.expr(st.filter, in, false)
	case *macroStmt:
		c.macro(&st.macroInfo, st.sig, st.body, st.line, f)
		st.store.ref, st.store.export = f.ref(st.name), f.top
	case *callStmt:
		c.macro(&st.macroInfo, st.sig, st.body, st.line, f)
		c.expr(st.call, f, f.soft)
	case *filterStmt:
		in := f.inner(nil)
		in.sym.analyzeBody(st.body)
		in.sym.loadNames(st.filter)
		st.scope = in.sym.scope()
		c.body(st.body, in)
		c.expr(st.filter, in, false)
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
	default:
		c.importing(st, f)
	}
}

func (c *compiler) importing(st stmt, f *cframe) {
	switch st := st.(type) {
	case *includeStmt:
		c.expr(st.template, f, f.soft)
		st.locals = c.locals(f)
	case *importStmt:
		c.expr(st.template, f, f.soft)
		st.as.ref, st.as.export = f.ref(st.as.name), f.top
		st.locals = c.locals(f)
	case *fromStmt:
		c.expr(st.template, f, f.soft)
		for i := range st.as {
			st.as[i].ref, st.as[i].export = f.ref(st.as[i].name), f.top
		}
		st.locals = c.locals(f)
	}
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
		panic(&python.Error{Kind: python.LimitError, Template: c.tmpl.name, Msg: "template has too many names and includes"})
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
		b.skip = outputNever
	} else if f.top && c.extends > 0 {
		b.skip = outputUnlessExtended
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
		st.multiple = extendsMaybe
		if c.knownExtends {
			st.multiple = extendsRefused
		}
	}
	c.expr(st.template, f, f.soft)
	if f.root {
		c.knownExtends = true
	}
	c.extends++
}

func (c *compiler) target(t target, f *cframe) {
	switch t := t.(type) {
	case *nameTarget:
		t.ref, t.export = f.ref(t.name), f.top
	case *tupleTarget:
		for _, item := range t.items {
			c.target(item, f)
		}
	case *attrTarget:
		t.name.ref = f.ref(t.name.name)
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
		e.fn = c.tmpl.env.filters[e.name]
		if e.fn == nil && !soft {
			c.unknown("filter", e.name, e.line, c.tmpl.env.filters)
		}
	case *testExpr:
		e.fn = c.tmpl.env.tests[e.name]
		if e.fn == nil && !soft {
			c.unknown("test", e.name, e.line, c.tmpl.env.tests)
		}
	}
	for _, child := range children(e) {
		c.expr(child, f, soft)
	}
}

func (c *compiler) unknown(what, name string, line int, known map[string]*python.Builtin) {
	panic(&python.Error{Kind: python.AssertionError, Template: c.tmpl.name, Line: line,
		Msg: "No " + what + " named " + python.Quote(name) + ".", Hint: python.DidYouMean(name, builtinNames(known))})
}

func builtinNames(m map[string]*python.Builtin) []string {
	var names []string
	for name := range m {
		if !strings.ContainsAny(name, "=<>!") {
			names = append(names, name)
		}
	}
	return names
}
