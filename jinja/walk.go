package jinja

// walk calls visit for a node and, if that says so, for the nodes in it, in the
// order of Jinja2's own fields. The names of macros and imports are no nodes.
func walk(n node, visit func(node) bool) {
	var down func(node)
	down = func(n node) {
		if visit(n) {
			inside(n, down)
		}
	}
	down(n)
}

// walkBody is walk over statements.
func walkBody(body []stmt, visit func(node) bool) {
	for _, st := range body {
		walk(st, visit)
	}
}

// each calls do for nodes that are there.
func each[N node](do func(node), nodes ...N) {
	for _, n := range nodes {
		if node(n) != nil {
			do(n)
		}
	}
}

// inside calls do for the nodes directly in a node. It is the one place that
// lists the parts of all kinds.
func inside(n node, do func(node)) {
	switch n := n.(type) {
	case *listExpr:
		each(do, n.items...)
	case *dictExpr:
		each(do, n.keys...)
		each(do, n.values...)
	case *attrExpr:
		do(n.obj)
	case *itemExpr:
		each(do, n.obj, n.key)
	case *sliceExpr:
		each(do, n.obj, n.start, n.stop, n.step)
	case *callExpr:
		do(n.callee)
		n.args.each(do)
	case *filterExpr:
		each(do, n.value)
		n.args.each(do)
	case *testExpr:
		do(n.value)
		n.args.each(do)
	case *condExpr:
		each(do, n.test, n.then, n.otherwise)
	case *binExpr:
		each(do, n.left, n.right)
	case *unaryExpr:
		do(n.value)
	case *logicExpr:
		each(do, n.left, n.right)
	case *catExpr:
		each(do, n.parts...)
	case *compareExpr:
		do(n.first)
		each(do, n.rest...)
	case *target:
		each(do, n.items...)
	default:
		insideStmt(n, do)
	}
}

func insideStmt(n node, do func(node)) {
	switch n := n.(type) {
	case *outputStmt:
		do(n.value)
	case *ifStmt:
		for i, test := range n.tests {
			do(test)
			each(do, n.bodies[i]...)
		}
		each(do, n.otherwise...)
	case *forStmt:
		each[node](do, n.target, n.iter)
		each(do, n.body...)
		each(do, n.otherwise...)
		each(do, n.test)
	case *setStmt:
		each[node](do, n.target, n.value)
	case *captureStmt:
		n.parts(do)
	case *macroStmt:
		n.function.each(do)
	case *callStmt:
		do(n.call)
		n.function.each(do)
	case *withStmt:
		each(do, n.targets...)
		each(do, n.values...)
		each(do, n.body...)
	case *autoescapeStmt:
		do(n.value)
		each(do, n.body...)
	case *blockStmt:
		each(do, n.body...)
	case *extendsStmt:
		do(n.template)
	case *includeStmt:
		do(n.template)
	case *importStmt:
		do(n.template)
	}
}

func (s *captureStmt) parts(do func(node)) {
	if s.target != nil {
		do(s.target)
		each(do, s.filter)
	}
	each(do, s.body...)
	if s.target == nil {
		each(do, s.filter)
	}
}

func (a *argList) each(do func(node)) {
	each(do, a.pos...)
	each(do, a.named...)
	each(do, a.star, a.starStar)
}

func (f *function) each(do func(node)) {
	for i := range f.params {
		do(&f.params[i])
	}
	each(do, f.defaults...)
	each(do, f.body...)
}
