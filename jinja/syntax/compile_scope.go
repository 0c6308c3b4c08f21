package syntax

// function compiles the body of a macro or call block.
func (c *compiler) function(m *Function, line int, f *cframe) {
	m.Fn = f.newFn()
	in := f.inner(m.Fn)
	in.checkSkip = false
	explicitCaller := -1
	skip := map[string]bool{}
	for i := range m.Params {
		param := &m.Params[i]
		param.Ref = Ref{0, in.sym.param(param.Name)}
		if param.Name == "caller" {
			explicitCaller = i
		}
		skip[param.Name] = true
	}
	for _, d := range m.Defaults {
		in.sym.loadNames(d)
	}
	in.sym.analyzeBody(m.Body)
	special := findUndeclared(m.Body, "caller", "kwargs", "varargs")
	if special["caller"] {
		if explicitCaller < 0 {
			m.Caller = &Ref{0, in.sym.param("caller")}
		} else if explicitCaller < len(m.Params)-len(m.Defaults) {
			c.fail(line, "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.")
		} else {
			m.Caller = &m.Params[explicitCaller].Ref
		}
	}
	if special["kwargs"] && !skip["kwargs"] {
		m.Kwargs = &Ref{0, in.sym.param("kwargs")}
	}
	if special["varargs"] && !skip["varargs"] {
		m.Varargs = &Ref{0, in.sym.param("varargs")}
	}
	m.Scope = in.sym.scope()
	for _, d := range m.Defaults {
		c.expr(d, in, false)
	}
	c.body(m.Body, in)
}

func (c *compiler) forStmt(st *For, f *cframe) {
	var fn *Frame
	if st.Recursive {
		fn = f.newFn()
		st.Fn = fn
	}
	loop, otherwise := f.inner(fn), f.inner(fn)
	st.Extended = st.Recursive || findUndeclared(st.Body, "loop")["loop"] || hasScopedBlock(st.Body) || hasScopedBlock(st.Otherwise)
	if st.Extended {
		st.LoopSlot = loop.sym.param("loop")
	}
	loop.sym.paramTarget(st.Target)
	loop.sym.analyzeBody(st.Body)
	otherwise.sym.analyzeBody(st.Otherwise)
	if st.Test != nil {
		c.loopTest(st, f)
	}
	c.checkLoopTarget(st.Target)
	c.checkLoopStores(st.Body)
	c.checkLoopStores(st.Otherwise)
	c.target(st.Target, loop)
	c.expr(st.Iter, f, f.soft)
	st.Scope = loop.sym.scope()
	c.body(st.Body, loop)
	st.ElseScope = otherwise.sym.scope()
	c.body(st.Otherwise, otherwise)
}

// loopTest compiles the "if" of a loop, which sees the loop's variables but
// not "loop" itself.
func (c *compiler) loopTest(st *For, f *cframe) {
	st.TestFn = f.newFn()
	in := f.inner(st.TestFn)
	in.sym.paramTarget(st.Target)
	in.sym.loadNames(st.Test)
	st.TestScope = in.sym.scope()
	st.TestTarget = copyTarget(st.Target)
	c.target(st.TestTarget, in)
	c.expr(st.Test, in, false)
}

// copyTarget is the same target, to be bound elsewhere.
func copyTarget(t *Target) *Target {
	c := *t
	c.Items = nil
	for _, item := range t.Items {
		c.Items = append(c.Items, copyTarget(item))
	}
	return &c
}

func (c *compiler) checkLoopTarget(t *Target) {
	if t.Name == "loop" && t.Attr == "" {
		c.fail(t.Line, "Can't assign to special loop variable in for-loop target")
	}
	for _, item := range t.Items {
		c.checkLoopTarget(item)
	}
}

// checkLoopStores refuses assignments to "loop" anywhere inside a loop.
func (c *compiler) checkLoopStores(body []Node) {
	walkStmts(body, func(n Node) {
		switch n := n.(type) {
		case *Set:
			c.checkLoopTarget(n.Target)
		case *Capture:
			if n.Target != nil {
				c.checkLoopTarget(n.Target)
			}
		case *For:
			c.checkLoopTarget(n.Target)
		}
	})
}

func hasScopedBlock(body []Node) bool {
	found := false
	walkStmts(body, func(n Node) {
		b, ok := n.(*Block)
		found = found || ok && b.Scoped
	})
	return found
}
