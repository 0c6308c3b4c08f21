package jinja

// analyzeBody notes the names that statements load and store in their scope.
// Statements with a scope of their own contribute only what they evaluate
// outside of it.
func (s *symbols) analyzeBody(body []stmt) *symbols {
	for _, st := range body {
		s.analyzeStmt(st)
	}
	return s
}

func (s *symbols) analyzeStmt(st stmt) {
	switch st := st.(type) {
	case *outputStmt:
		s.loadNames(st.value)
	case *ifStmt:
		s.analyzeIf(st.tests, st.bodies, st.otherwise)
	case *macroStmt:
		s.store(st.store.name)
	case *importStmt:
		s.loadNames(st.template)
		for i := range st.as {
			s.store(st.as[i].name)
		}
	case *setStmt:
		s.loadNames(st.value)
		s.storeTarget(st.target)
	case *captureStmt:
		if st.target != nil {
			s.storeTarget(st.target)
		} else {
			s.loadNames(st.filter)
		}
	case *forStmt:
		s.loadNames(st.iter)
	case *callStmt:
		s.loadNames(st.call)
	case *withStmt:
		for _, v := range st.values {
			s.loadNames(v)
		}
	case *extendsStmt:
		s.loadNames(st.template)
	case *includeStmt:
		s.loadNames(st.template)
	}
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
	if e == nil {
		return
	}
	walk(e, func(n node) bool {
		if name, ok := n.(*nameExpr); ok {
			s.read(name.name)
		}
		return true
	})
}

func (s *symbols) storeTarget(t *target) {
	walk(t, func(n node) bool {
		switch t := n.(*target); {
		case t.attr != "":
			s.read(t.name)
		case t.name != "":
			s.store(t.name)
		}
		return true
	})
}

func (s *symbols) paramTarget(t *target) {
	for _, name := range t.names() {
		s.param(name)
	}
}

// names are those that an assignment makes.
func (t *target) names() []string {
	if t.name != "" && t.attr == "" {
		return []string{t.name}
	}
	var all []string
	for _, item := range t.items {
		all = append(all, item.names()...)
	}
	return all
}

// findUndeclared finds which of the special names a body reads before assigning
// them. Unlike the analysis above it looks into all inner scopes but blocks.
func findUndeclared(body []stmt, names ...string) map[string]bool {
	open, found := map[string]bool{}, map[string]bool{}
	for _, n := range names {
		open[n] = true
	}
	walkBody(body, func(n node) bool {
		switch n := n.(type) {
		case *nameExpr:
			if open[n.name] {
				found[n.name] = true
			}
		case *target:
			if n.attr == "" {
				delete(open, n.name)
			}
		case *blockStmt:
			return false
		}
		return true
	})
	return found
}

// contextFilters get the context in Jinja2, which keeps it from computing them
// when it compiles.
var contextFilters = map[string]bool{"map": true, "select": true, "reject": true, "selectattr": true,
	"rejectattr": true, "random": true}

// isConst says whether Jinja2 computes an expression when it compiles.
func isConst(e expr) bool {
	constant := true
	walk(e, func(n node) bool {
		switch n := n.(type) {
		case *nameExpr, *callExpr, *sliceExpr:
			constant = false
		case *filterExpr:
			constant = constant && n.value != nil && !contextFilters[n.name]
		}
		return constant
	})
	return constant
}

// assigned are the names that statements make in their own scope, branches of
// an if included.
func assigned(body []stmt) []string {
	var all []string
	walkBody(body, func(n node) bool {
		all = append(all, made(n)...)
		_, branches := n.(*ifStmt)
		return branches
	})
	return all
}

// made are the names that a statement itself makes.
func made(n node) []string {
	switch st := n.(type) {
	case *setStmt:
		return st.target.names()
	case *captureStmt:
		if st.target != nil {
			return st.target.names()
		}
	case *macroStmt:
		return []string{st.store.name}
	case *importStmt:
		var all []string
		for i := range st.as {
			all = append(all, st.as[i].name)
		}
		return all
	}
	return nil
}
