package jinja

// function compiles the body of a macro or call block.
func (c *compiler) function(m *function, line int, f *cframe) {
	m.fn = f.newFn()
	in := f.inner(m.fn)
	in.checkSkip = false
	explicitCaller := -1
	skip := map[string]bool{}
	for i := range m.params {
		param := &m.params[i]
		param.ref = ref{0, in.sym.param(param.name)}
		if param.name == "caller" {
			explicitCaller = i
		}
		skip[param.name] = true
	}
	for _, d := range m.defaults {
		in.sym.loadNames(d)
	}
	in.sym.analyzeBody(m.body)
	special := findUndeclared(m.body, "caller", "kwargs", "varargs")
	if special["caller"] {
		if explicitCaller < 0 {
			m.caller = &ref{0, in.sym.param("caller")}
		} else if explicitCaller < len(m.params)-len(m.defaults) {
			c.fail(line, "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.")
		} else {
			m.caller = &m.params[explicitCaller].ref
		}
	}
	if special["kwargs"] && !skip["kwargs"] {
		m.kwargs = &ref{0, in.sym.param("kwargs")}
	}
	if special["varargs"] && !skip["varargs"] {
		m.varargs = &ref{0, in.sym.param("varargs")}
	}
	m.scope = in.sym.scope()
	for _, d := range m.defaults {
		c.expr(d, in, false)
	}
	c.body(m.body, in)
}

func (c *compiler) forStmt(st *forStmt, f *cframe) {
	var fn *fnInfo
	if st.recursive {
		fn = f.newFn()
		st.fn = fn
	}
	loop, otherwise := f.inner(fn), f.inner(fn)
	st.extended = st.recursive || findUndeclared(st.body, "loop")["loop"] || hasScopedBlock(st.body) || hasScopedBlock(st.otherwise)
	if st.extended {
		st.loopSlot = loop.sym.param("loop")
	}
	loop.sym.paramTarget(st.target)
	loop.sym.analyzeBody(st.body)
	otherwise.sym.analyzeBody(st.otherwise)
	if st.test != nil {
		c.loopTest(st, f)
	}
	c.checkLoopTarget(st.target)
	c.checkLoopStores(st.body)
	c.checkLoopStores(st.otherwise)
	c.target(st.target, loop)
	c.expr(st.iter, f, f.soft)
	st.scope = loop.sym.scope()
	c.body(st.body, loop)
	st.elseScope = otherwise.sym.scope()
	c.body(st.otherwise, otherwise)
}

// loopTest compiles the "if" of a loop, which sees the loop's variables but
// not "loop" itself.
func (c *compiler) loopTest(st *forStmt, f *cframe) {
	st.testFn = f.newFn()
	in := f.inner(st.testFn)
	in.sym.paramTarget(st.target)
	in.sym.loadNames(st.test)
	st.testScope = in.sym.scope()
	st.testTarget = copyTarget(st.target)
	c.target(st.testTarget, in)
	c.expr(st.test, in, false)
}

// copyTarget is the same target, to be bound elsewhere.
func copyTarget(t *target) *target {
	c := *t
	c.items = nil
	for _, item := range t.items {
		c.items = append(c.items, copyTarget(item))
	}
	return &c
}

func (c *compiler) checkLoopTarget(t *target) {
	if t.name == "loop" && t.attr == "" {
		c.fail(t.line, "Can't assign to special loop variable in for-loop target")
	}
	for _, item := range t.items {
		c.checkLoopTarget(item)
	}
}

// checkLoopStores refuses assignments to "loop" anywhere inside a loop.
func (c *compiler) checkLoopStores(body []stmt) {
	walkBody(body, func(n node) bool {
		switch n := n.(type) {
		case *setStmt:
			c.checkLoopTarget(n.target)
		case *captureStmt:
			if n.target != nil {
				c.checkLoopTarget(n.target)
			}
		case *forStmt:
			c.checkLoopTarget(n.target)
		}
		return true
	})
}

func hasScopedBlock(body []stmt) bool {
	found := false
	walkBody(body, func(n node) bool {
		b, ok := n.(*blockStmt)
		found = found || ok && b.scoped
		return !found
	})
	return found
}
