package jinja

import "fmt"

// analyzeBody notes the names that statements load and store in their scope.
// Statements with a scope of their own contribute only what they evaluate
// outside of it.
func (s *symbols) analyzeBody(body []stmt) *symbols {
	for _, st := range body {
		s = s.analyzeStmt(st)
	}
	return s
}

func (s *symbols) analyzeStmt(st stmt) *symbols {
	switch st := st.(type) {
	case *outputStmt:
		s.loadNames(st.value)
	case *doStmt:
		s.loadNames(st.value)
	case *ifStmt:
		s.analyzeIf(st.tests, st.bodies, st.otherwise)
	case *macroStmt:
		s.store(st.name)
	case *importStmt:
		s.loadNames(st.template)
		s.store(st.as.name)
	case *fromStmt:
		s.loadNames(st.template)
		for _, as := range st.as {
			s.store(as.name)
		}
	case *setStmt:
		s.loadNames(st.value)
		s.storeTarget(st.target)
	case *setBlockStmt:
		s.storeTarget(st.target)
	case *forStmt:
		s.loadNames(st.iter)
	case *callStmt:
		s.loadNames(st.call)
	case *filterStmt:
		s.loadNames(st.filter)
	case *withStmt:
		for _, v := range st.values {
			s.loadNames(v)
		}
	case *extendsStmt:
		s.loadNames(st.template)
	case *includeStmt:
		s.loadNames(st.template)
	}
	return s
}

func (s *symbols) analyzeIf(tests []expr, bodies [][]stmt, otherwise []stmt) {
	s.loadNames(tests[0])
	body := s.overlay().analyzeBody(bodies[0])
	elifs := s.overlay()
	for i := 1; i < len(tests); i++ {
		elifs.analyzeIf(tests[i:i+1], bodies[i:i+1], nil)
	}
	s.branchUpdate([]*symbols{body, elifs, s.overlay().analyzeBody(otherwise)})
}

func (s *symbols) loadNames(e expr) {
	walkNames(e, func(n *nameExpr) { s.load(n.name) })
}

func (s *symbols) storeTarget(t target) {
	switch t := t.(type) {
	case *nameTarget:
		s.store(t.name)
	case *tupleTarget:
		for _, item := range t.items {
			s.storeTarget(item)
		}
	case *attrTarget:
		s.load(t.name.name)
	}
}

func (s *symbols) paramTarget(t target) {
	switch t := t.(type) {
	case *nameTarget:
		s.param(t.name)
	case *tupleTarget:
		for _, item := range t.items {
			s.paramTarget(item)
		}
	}
}

// walkNames calls f for each name that an expression reads.
func walkNames(e expr, f func(*nameExpr)) {
	if n, ok := e.(*nameExpr); ok {
		f(n)
		return
	}
	for _, child := range children(e) {
		walkNames(child, f)
	}
}

// children returns the parts of an expression in the order of their evaluation.
func children(e expr) []expr {
	switch e := e.(type) {
	case nil, *constExpr, *nameExpr:
		return nil
	case *listExpr:
		return e.items
	case *tupleExpr:
		return e.items
	case *dictExpr:
		return append(append([]expr(nil), e.keys...), e.values...)
	case *attrExpr:
		return []expr{e.obj}
	case *itemExpr:
		return []expr{e.obj, e.key}
	case *sliceExpr:
		return []expr{e.obj, e.start, e.stop, e.step}
	case *callExpr:
		return append([]expr{e.callee}, e.args.all()...)
	case *filterExpr:
		return append([]expr{e.value}, e.args.all()...)
	case *testExpr:
		return append([]expr{e.value}, e.args.all()...)
	case *condExpr:
		return []expr{e.test, e.then, e.otherwise}
	case *binExpr:
		return []expr{e.left, e.right}
	case *unaryExpr:
		return []expr{e.value}
	case *notExpr:
		return []expr{e.value}
	case *andExpr:
		return []expr{e.left, e.right}
	case *orExpr:
		return []expr{e.left, e.right}
	case *catExpr:
		return e.parts
	case *compareExpr:
		parts := []expr{e.first}
		for _, op := range e.ops {
			parts = append(parts, op.value)
		}
		return parts
	}
	panic(fmt.Sprintf("unknown expression %T", e))
}

func (a *argList) all() []expr {
	if a.star == nil && a.starStar == nil && len(a.named) == 0 {
		return a.pos
	}
	all := append(append([]expr(nil), a.pos...), a.named...)
	return append(all, a.star, a.starStar)
}

// undeclared finds which of the special names a body reads before assigning
// them. Unlike the analysis above it looks into all inner scopes but blocks.
type undeclared struct {
	open  map[string]bool
	found map[string]bool
}

func findUndeclared(body []stmt, names ...string) map[string]bool {
	u := &undeclared{open: map[string]bool{}, found: map[string]bool{}}
	for _, n := range names {
		u.open[n] = true
	}
	u.body(body)
	return u.found
}

func (u *undeclared) expr(exprs ...expr) {
	for _, e := range exprs {
		walkNames(e, func(n *nameExpr) {
			if u.open[n.name] {
				u.found[n.name] = true
			}
		})
	}
}

func (u *undeclared) target(t target) {
	switch t := t.(type) {
	case *nameTarget:
		delete(u.open, t.name)
	case *tupleTarget:
		for _, item := range t.items {
			u.target(item)
		}
	}
}

func (u *undeclared) signature(sig signature) {
	for _, param := range sig.params {
		delete(u.open, param.name)
	}
	u.expr(sig.defaults...)
}

func (u *undeclared) body(body []stmt) {
	for _, st := range body {
		u.stmt(st)
	}
}

func (u *undeclared) stmt(st stmt) {
	switch st := st.(type) {
	case *outputStmt:
		u.expr(st.value)
	case *doStmt:
		u.expr(st.value)
	case *ifStmt:
		u.ifStmt(st)
	case *macroStmt:
		u.signature(st.sig)
		u.body(st.body)
	case *callStmt:
		u.expr(st.call)
		u.signature(st.sig)
		u.body(st.body)
	case *importStmt:
		u.expr(st.template)
	case *fromStmt:
		u.expr(st.template)
	case *setStmt:
		u.target(st.target)
		u.expr(st.value)
	case *setBlockStmt:
		u.target(st.target)
		u.expr(st.filter)
		u.body(st.body)
	case *forStmt:
		u.target(st.target)
		u.expr(st.iter)
		u.body(st.body)
		u.body(st.otherwise)
		u.expr(st.test)
	case *filterStmt:
		u.body(st.body)
		u.expr(st.filter)
	case *withStmt:
		for _, t := range st.targets {
			u.target(t)
		}
		u.expr(st.values...)
		u.body(st.body)
	case *autoescapeStmt:
		u.expr(st.value)
		u.body(st.body)
	case *extendsStmt:
		u.expr(st.template)
	case *includeStmt:
		u.expr(st.template)
	}
}

func (u *undeclared) ifStmt(st *ifStmt) {
	u.expr(st.tests[0])
	u.body(st.bodies[0])
	for i := 1; i < len(st.tests); i++ {
		u.expr(st.tests[i])
		u.body(st.bodies[i])
	}
	u.body(st.otherwise)
}
