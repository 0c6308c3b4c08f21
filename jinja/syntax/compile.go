package syntax

import (
	"fmt"

	"github.com/slipway-build/slipway/jinja/python"
)

// compiler binds names, filters and tests of a tree, and decides what child
// templates print. One pass over the root, then one over each block.
type compiler struct {
	*Grammar
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

func (f *cframe) inner(fn *Frame) *cframe {
	if fn == nil {
		fn = f.sym.fn
	}
	return &cframe{sym: newSymbols(f.sym, fn), checkSkip: f.checkSkip}
}

func (f *cframe) newFn() *Frame { return &Frame{parent: f.sym.fn} }

func (f *cframe) ref(name string) Ref {
	r, ok := f.sym.findRef(name)
	if !ok {
		panic("name '" + name + "' was not analyzed")
	}
	return f.sym.fn.refTo(r)
}

func (p *parser) compile(body []Node) *Template {
	c := &compiler{Grammar: p.Grammar, name: p.name, hasExtends: p.extends}
	t := &Template{Body: body, Fn: &Frame{}}
	if len(p.blocks) > 0 {
		t.Blocks = make(map[string]*Block, len(p.blocks))
	}
	for _, b := range p.blocks {
		if t.Blocks[b.Name] != nil {
			c.fail(b.Line, "block %s defined twice", python.Quote(b.Name))
		}
		t.Blocks[b.Name] = b
	}
	f := &cframe{sym: newSymbols(nil, t.Fn), top: true, root: true, checkSkip: p.extends}
	if findUndeclared(body, "self")["self"] {
		t.Self = &Ref{0, f.sym.param("self")}
	}
	f.sym.analyzeBody(body)
	t.Scope = f.sym.scope()
	c.body(body, f)
	for _, b := range p.blocks {
		c.block(b)
	}
	return t
}

func (c *compiler) block(b *Block) {
	b.Fn = &Frame{}
	f := &cframe{sym: newSymbols(nil, b.Fn)}
	special := findUndeclared(b.Body, "self", "super")
	if special["self"] {
		b.Self = &Ref{0, f.sym.param("self")}
	}
	if special["super"] {
		b.Super = &Ref{0, f.sym.param("super")}
	}
	f.sym.analyzeBody(b.Body)
	b.Scope = f.sym.scope()
	c.body(b.Body, f)
}

func (c *compiler) fail(line int, format string, args ...any) {
	panic(&python.Error{Kind: python.AssertionError, Template: c.name, Line: line, Msg: fmt.Sprintf(format, args...)})
}

func (c *compiler) body(body []Node, f *cframe) {
	for _, st := range body {
		c.stmt(st, f)
	}
}

// output says when top-level output is dropped.
func (c *compiler) output(f *cframe) OutputRule {
	return OutputRule{Dropped: f.checkSkip && c.knownExtends, ChildDropped: f.checkSkip}
}

func (c *compiler) stmt(st Node, f *cframe) {
	switch st := st.(type) {
	case *Data:
		st.OutputRule = c.output(f)
	case *Output:
		if !st.Silent {
			st.OutputRule = c.output(f)
		}
		c.expr(st.Value, f, f.soft)
	case *If:
		c.ifStmt(st, f)
	case *For:
		c.forStmt(st, f)
	case *Set:
		c.target(st.Target, f)
		c.expr(st.Value, f, f.soft)
	case *Capture:
		c.capture(st, f)
	case *Macro:
		c.function(&st.Function, st.Line, f)
		c.target(&st.Store, f)
	case *CallBlock:
		c.function(&st.Function, st.Line, f)
		c.expr(st.Call, f, f.soft)
	case *With:
		c.withStmt(st, f)
	case *Autoescape:
		in := f.inner(nil)
		in.sym.loadNames(st.Value)
		in.sym.analyzeBody(st.Body)
		st.Scope = in.sym.scope()
		c.expr(st.Value, in, false)
		c.body(st.Body, in)
	case *Block:
		c.blockHere(st, f)
	case *Extends:
		c.extendsStmt(st, f)
	case *Include:
		c.expr(st.Template, f, f.soft)
		st.Locals = c.locals(f)
	case *Import:
		c.expr(st.Template, f, f.soft)
		for i := range st.As {
			c.target(&st.As[i], f)
		}
		st.Locals = c.locals(f)
	}
}

// capture compiles a set block or a filter block.
func (c *compiler) capture(st *Capture, f *cframe) {
	in := f.inner(nil)
	if st.Target == nil {
		in.sym.analyzeBody(st.Body)
		in.sym.loadNames(st.Filter)
	} else {
		in.checkSkip = false
		in.sym.loadNames(st.Filter)
		in.sym.analyzeBody(st.Body)
	}
	st.Scope = in.sym.scope()
	c.body(st.Body, in)
	if st.Target != nil {
		c.target(st.Target, f)
	}
	c.expr(st.Filter, in, false)
}

// maxListed bounds the names that are listed for all includes of a template.
const maxListed = 1 << 20

func (c *compiler) locals(f *cframe) []Local {
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

func (c *compiler) ifStmt(st *If, f *cframe) {
	soft := *f
	soft.root, soft.soft = false, true
	for i, test := range st.Tests {
		c.expr(test, &soft, true)
		c.body(st.Bodies[i], &soft)
	}
	c.body(st.Otherwise, &soft)
}

func (c *compiler) withStmt(st *With, f *cframe) {
	in := f.inner(nil)
	for _, t := range st.Targets {
		in.sym.paramTarget(t)
	}
	in.sym.analyzeBody(st.Body)
	st.Scope = in.sym.scope()
	for i, t := range st.Targets {
		c.target(t, in)
		c.expr(st.Values[i], f, f.soft)
	}
	c.body(st.Body, in)
}

func (c *compiler) blockHere(b *Block, f *cframe) {
	if f.top && c.knownExtends {
		b.Dropped = true
	} else if f.top && c.extends > 0 {
		b.ChildDropped = true
	}
	if b.Scoped {
		b.Locals = c.locals(f)
	}
}

func (c *compiler) extendsStmt(st *Extends, f *cframe) {
	if !f.top {
		c.fail(st.Line, "cannot use extend from a non top-level scope")
	}
	if c.extends > 0 {
		st.Second, st.Refused = true, c.knownExtends
	}
	c.expr(st.Template, f, f.soft)
	if f.root {
		c.knownExtends = true
	}
	c.extends++
}

func (c *compiler) target(t *Target, f *cframe) {
	if t.Name != "" {
		t.Ref, t.Export = f.ref(t.Name), f.top && t.Attr == ""
	}
	for _, item := range t.Items {
		c.target(item, f)
	}
}

func (c *compiler) expr(e Node, f *cframe, soft bool) {
	switch e := e.(type) {
	case nil, *Const:
		return
	case *Name:
		e.Ref = f.ref(e.Name)
		return
	case *Cond:
		soft = true
	case *Binary:
		e.IsConst = e.Op == "*" && isConst(e)
		e.BaseIsConst = e.Op == "**" && isConst(e.Left) && !isConst(e.Right)
	case *Concat:
		e.IsConst = isConst(e)
	case *Filter:
		e.Fn = c.Filters[e.Name]
		if e.Fn == nil && !soft {
			c.unknown("filter", e.Name, e.Line, c.Filters)
		}
	case *Test:
		e.Fn = c.Tests[e.Name]
		if e.Fn == nil && !soft {
			c.unknown("test", e.Name, e.Line, c.Tests)
		}
	}
	Parts(e, func(part Node) { c.expr(part, f, soft) })
}

func (c *compiler) unknown(what, name string, line int, known map[string]*python.Builtin) {
	panic(&python.Error{Kind: python.AssertionError, Template: c.name, Line: line,
		Msg: "No " + what + " named " + python.Quote(name) + ".", Hint: c.DidYouMean(name, known)})
}
