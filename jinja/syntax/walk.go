package syntax

// walk calls visit for a node and, if that says so, for the nodes in it, in the
// order of Jinja2's own fields. The names of macros and imports are no nodes.
func walk(n Node, visit func(Node) bool) { walkBody([]Node{n}, visit) }

// walkBody is walk over several nodes.
func walkBody(body []Node, visit func(Node) bool) {
	var down func(Node)
	down = func(n Node) {
		if visit(n) {
			Parts(n, down)
		}
	}
	each(down, body...)
}

// walkStmts is walkBody that passes over expressions.
func walkStmts(body []Node, visit func(Node)) {
	walkBody(body, func(n Node) bool {
		switch n.(type) {
		case *Data, *Output, *If, *For, *Set, *Capture, *Macro, *CallBlock, *With, *Autoescape, *Block, *Extends, *Include, *Import:
			visit(n)
			return true
		}
		return false
	})
}

// each calls do for nodes that are there.
func each(do func(Node), nodes ...Node) {
	for _, n := range nodes {
		if n != nil {
			do(n)
		}
	}
}

func eachTarget(do func(Node), targets []*Target) {
	for _, t := range targets {
		do(t)
	}
}

// Parts calls do for the nodes directly in a node. It is the one place that
// lists the parts of all kinds.
func Parts(n Node, do func(Node)) {
	switch n := n.(type) {
	case *List:
		each(do, n.Items...)
	case *Dict:
		each(do, n.Keys...)
		each(do, n.Values...)
	case *Attr:
		do(n.Obj)
	case *Item:
		each(do, n.Obj, n.Key)
	case *Slice:
		each(do, n.Obj, n.Start, n.Stop, n.Step)
	case *Call:
		do(n.Callee)
		n.Args.Each(do)
	case *Filter:
		each(do, n.Value)
		n.Args.Each(do)
	case *Test:
		do(n.Value)
		n.Args.Each(do)
	case *Cond:
		each(do, n.Test, n.Then, n.Otherwise)
	case *Binary:
		each(do, n.Left, n.Right)
	case *Unary:
		do(n.Value)
	case *Logic:
		each(do, n.Left, n.Right)
	case *Concat:
		each(do, n.Parts...)
	case *Compare:
		do(n.First)
		each(do, n.Rest...)
	case *Target:
		eachTarget(do, n.Items)
	default:
		insideStmt(n, do)
	}
}

func insideStmt(n Node, do func(Node)) {
	switch n := n.(type) {
	case *Output:
		do(n.Value)
	case *If:
		for i, test := range n.Tests {
			do(test)
			each(do, n.Bodies[i]...)
		}
		each(do, n.Otherwise...)
	case *For:
		each(do, n.Target, n.Iter)
		each(do, n.Body...)
		each(do, n.Otherwise...)
		each(do, n.Test)
	case *Set:
		each(do, n.Target, n.Value)
	case *Capture:
		n.parts(do)
	case *Macro:
		n.Function.each(do)
	case *CallBlock:
		do(n.Call)
		n.Function.each(do)
	case *With:
		eachTarget(do, n.Targets)
		each(do, n.Values...)
		each(do, n.Body...)
	case *Autoescape:
		do(n.Value)
		each(do, n.Body...)
	case *Block:
		each(do, n.Body...)
	case *Extends:
		do(n.Template)
	case *Include:
		do(n.Template)
	case *Import:
		do(n.Template)
	}
}

func (s *Capture) parts(do func(Node)) {
	if s.Target != nil {
		do(s.Target)
		each(do, s.Filter)
	}
	each(do, s.Body...)
	if s.Target == nil {
		each(do, s.Filter)
	}
}

// Each calls do for the arguments.
func (a *Args) Each(do func(Node)) {
	each(do, a.Pos...)
	each(do, a.Named...)
	each(do, a.Star, a.StarStar)
}

func (f *Function) each(do func(Node)) {
	for i := range f.Params {
		do(&f.Params[i])
	}
	each(do, f.Defaults...)
	each(do, f.Body...)
}
