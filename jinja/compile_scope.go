package jinja

// macro compiles the body of a macro or call block into a function of its own.
func (c *compiler) macro(m *macroInfo, sig signature, body []stmt, line int, f *cframe) {
	m.fn = f.newFn()
	in := f.inner(m.fn)
	in.checkSkip = false
	explicitCaller := -1
	skip := map[string]bool{}
	for i := range sig.params {
		param := &sig.params[i]
		param.ref = ref{0, in.sym.param(param.name)}
		if param.name == "caller" {
			explicitCaller = i
		}
		skip[param.name] = true
	}
	for _, d := range sig.defaults {
		in.sym.loadNames(d)
	}
	in.sym.analyzeBody(body)
	special := findUndeclared(body, "caller", "kwargs", "varargs")
	if special["caller"] {
		if explicitCaller < 0 {
			m.caller = &ref{0, in.sym.param("caller")}
		} else if explicitCaller < len(sig.params)-len(sig.defaults) {
			c.fail(line, "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.")
		} else {
			m.caller = &sig.params[explicitCaller].ref
		}
	}
	if special["kwargs"] && !skip["kwargs"] {
		m.kwargs = &ref{0, in.sym.param("kwargs")}
	}
	if special["varargs"] && !skip["varargs"] {
		m.varargs = &ref{0, in.sym.param("varargs")}
	}
	m.scope = in.sym.scope()
	for _, d := range sig.defaults {
		c.expr(d, in, false)
	}
	c.body(body, in)
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

func copyTarget(t target) target {
	switch t := t.(type) {
	case *nameTarget:
		c := *t
		return &c
	case *tupleTarget:
		c := &tupleTarget{line: t.line}
		for _, item := range t.items {
			c.items = append(c.items, copyTarget(item))
		}
		return c
	}
	return t
}

func (c *compiler) checkLoopTarget(t target) {
	switch t := t.(type) {
	case *nameTarget:
		if t.name == "loop" {
			c.fail(t.line, "Can't assign to special loop variable in for-loop target")
		}
	case *tupleTarget:
		for _, item := range t.items {
			c.checkLoopTarget(item)
		}
	}
}

// checkLoopStores refuses assignments to "loop" anywhere inside a loop.
func (c *compiler) checkLoopStores(body []stmt) {
	for _, st := range body {
		switch st := st.(type) {
		case *setStmt:
			c.checkLoopTarget(st.target)
		case *setBlockStmt:
			c.checkLoopTarget(st.target)
		case *forStmt:
			c.checkLoopTarget(st.target)
		}
		for _, inner := range bodies(st) {
			c.checkLoopStores(inner)
		}
	}
}

// bodies returns the statement lists directly inside a statement.
func bodies(st stmt) [][]stmt {
	switch st := st.(type) {
	case *ifStmt:
		return append(append([][]stmt(nil), st.bodies...), st.otherwise)
	case *forStmt:
		return [][]stmt{st.body, st.otherwise}
	case *setBlockStmt:
		return [][]stmt{st.body}
	case *macroStmt:
		return [][]stmt{st.body}
	case *callStmt:
		return [][]stmt{st.body}
	case *filterStmt:
		return [][]stmt{st.body}
	case *withStmt:
		return [][]stmt{st.body}
	case *autoescapeStmt:
		return [][]stmt{st.body}
	case *blockStmt:
		return [][]stmt{st.body}
	}
	return nil
}

func hasScopedBlock(body []stmt) bool {
	for _, st := range body {
		if b, ok := st.(*blockStmt); ok && b.scoped {
			return true
		}
		for _, inner := range bodies(st) {
			if hasScopedBlock(inner) {
				return true
			}
		}
	}
	return false
}

// contextFilters get the context in Jinja2, which keeps it from computing them
// when it compiles.
var contextFilters = map[string]bool{"map": true, "select": true, "reject": true, "selectattr": true,
	"rejectattr": true, "random": true}

// isConst says whether Jinja2 computes an expression when it compiles.
func isConst(e expr) bool {
	switch e := e.(type) {
	case *nameExpr, *callExpr, *sliceExpr:
		return false
	case *filterExpr:
		if e.value == nil || contextFilters[e.name] {
			return false
		}
	}
	for _, child := range children(e) {
		if child != nil && !isConst(child) {
			return false
		}
	}
	return true
}
