package syntax

// analyzeBody notes the names that statements load and store in their scope.
// Statements with a scope of their own contribute only what they evaluate
// outside of it.
func (s *symbols) analyzeBody(body []Node) *symbols {
	for _, st := range body {
		s.analyzeStmt(st)
	}
	return s
}

func (s *symbols) analyzeStmt(st Node) {
	switch st := st.(type) {
	case *Output:
		s.loadNames(st.Value)
	case *If:
		s.analyzeIf(st.Tests, st.Bodies, st.Otherwise)
	case *Macro:
		s.store(st.Store.Name)
	case *Import:
		s.loadNames(st.Template)
		for i := range st.As {
			s.store(st.As[i].Name)
		}
	case *Set:
		s.loadNames(st.Value)
		s.storeTarget(st.Target)
	case *Capture:
		if st.Target != nil {
			s.storeTarget(st.Target)
		} else {
			s.loadNames(st.Filter)
		}
	case *For:
		s.loadNames(st.Iter)
	case *CallBlock:
		s.loadNames(st.Call)
	case *With:
		for _, v := range st.Values {
			s.loadNames(v)
		}
	case *Extends:
		s.loadNames(st.Template)
	case *Include:
		s.loadNames(st.Template)
	}
}

func (s *symbols) analyzeIf(tests []Node, bodies [][]Node, otherwise []Node) {
	s.loadNames(tests[0])
	body := s.overlay().analyzeBody(bodies[0])
	elifs := s.overlay()
	for i := 1; i < len(tests); i++ {
		elifs.analyzeIf(tests[i:i+1], bodies[i:i+1], nil)
	}
	s.branchUpdate([]*symbols{body, elifs, s.overlay().analyzeBody(otherwise)})
}

func (s *symbols) loadNames(e Node) {
	switch e := e.(type) {
	case nil, *Const:
	case *Name:
		s.read(e.Name)
	default:
		walk(e, func(n Node) bool {
			if name, ok := n.(*Name); ok {
				s.read(name.Name)
			}
			return true
		})
	}
}

func (s *symbols) storeTarget(t *Target) {
	switch {
	case t.Attr != "":
		s.read(t.Name)
	case t.Name != "":
		s.store(t.Name)
	}
	for _, item := range t.Items {
		s.storeTarget(item)
	}
}

func (s *symbols) paramTarget(t *Target) {
	if t.Name != "" && t.Attr == "" {
		s.param(t.Name)
	}
	for _, item := range t.Items {
		s.paramTarget(item)
	}
}

// Names are those that an assignment makes.
func (t *Target) Names() []string {
	if t.Name != "" && t.Attr == "" {
		return []string{t.Name}
	}
	var all []string
	for _, item := range t.Items {
		all = append(all, item.Names()...)
	}
	return all
}

// findUndeclared finds which of the special names a body reads before assigning
// them. Unlike the analysis above it looks into all inner scopes but blocks.
func findUndeclared(body []Node, names ...string) map[string]bool {
	open, found := map[string]bool{}, map[string]bool{}
	for _, n := range names {
		open[n] = true
	}
	walkBody(body, func(n Node) bool {
		switch n := n.(type) {
		case *Name:
			if open[n.Name] {
				found[n.Name] = true
			}
		case *Target:
			if n.Attr == "" {
				delete(open, n.Name)
			}
		case *Block:
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

// IsConst says whether the filter's value and arguments are constants.
func (e *Filter) IsConst() bool { return isConst(e) }

// isConst says whether Jinja2 computes an expression when it compiles.
func isConst(e Node) bool {
	constant := true
	walk(e, func(n Node) bool {
		switch n := n.(type) {
		case *Name, *Call, *Slice:
			constant = false
		case *Filter:
			constant = constant && n.Value != nil && !contextFilters[n.Name]
		}
		return constant
	})
	return constant
}

// Assigned are the names that statements make in their own scope, branches of
// an if included.
func Assigned(body []Node) []string {
	var all []string
	walkBody(body, func(n Node) bool {
		all = append(all, made(n)...)
		_, branches := n.(*If)
		return branches
	})
	return all
}

// made are the names that a statement itself makes.
func made(n Node) []string {
	switch st := n.(type) {
	case *Set:
		return st.Target.Names()
	case *Capture:
		if st.Target != nil {
			return st.Target.Names()
		}
	case *Macro:
		return []string{st.Store.Name}
	case *Import:
		var all []string
		for i := range st.As {
			all = append(all, st.As[i].Name)
		}
		return all
	}
	return nil
}

// Assigned are the names that a template assigns anywhere.
func (t *Template) Assigned() []string {
	var names []string
	walkStmts(t.Body, func(n Node) {
		if loop, ok := n.(*For); ok {
			names = append(names, loop.Target.Names()...)
		}
		names = append(names, made(n)...)
	})
	return names
}
