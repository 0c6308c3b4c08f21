package syntax

// Names are bound when a template is compiled, by the rules of Jinja2's own
// compiler: each Python function it would write is a Frame, each of that
// function's variables a slot. What a name means where branches, loops and
// macros meet follows from those rules, oddities included.

// Frame is one function: the root, a block, a macro, a recursive loop, the
// filter of a loop.
type Frame struct {
	parent *Frame
	Slots  int
}

type loadKind uint8

const (
	loadParam     loadKind = iota // set by a caller or a loop
	loadResolve                   // looked up in the context
	loadAlias                     // a copy of an outer variable
	loadUndefined                 // not yet assigned
)

type symbol struct {
	name   string
	slot   int
	load   loadKind
	outer  symRef // of an alias
	stored bool
}

type symRef struct {
	fn   *Frame
	slot int
}

// symbols is the names of one scope. Branches of an if work on overlays, which
// hold what the branch adds or changes and share the scope's slots by name.
type symbols struct {
	parent *symbols
	base   *symbols // of an overlay
	fn     *Frame
	list   []symbol
	index  map[string]int // into list, once that is long
	slots  map[string]int
	known  []Local // what locals returned
}

func newSymbols(parent *symbols, fn *Frame) *symbols {
	return &symbols{parent: parent, fn: fn, slots: map[string]int{}}
}

func (s *symbols) overlay() *symbols {
	return &symbols{parent: s.parent, base: s, fn: s.fn, slots: s.slots}
}

// own returns the position of a name in the list of s itself, or -1.
func (s *symbols) own(name string) int {
	if s.index != nil {
		if i, ok := s.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range s.list {
		if s.list[i].name == name {
			return i
		}
	}
	return -1
}

func (s *symbols) find(name string) (symbol, bool) {
	for ; s != nil; s = s.base {
		if i := s.own(name); i >= 0 {
			return s.list[i], true
		}
	}
	return symbol{}, false
}

func (s *symbols) put(sym symbol) {
	if i := s.own(sym.name); i >= 0 {
		s.list[i] = sym
		return
	}
	s.list = append(s.list, sym)
	if s.index != nil {
		s.index[sym.name] = len(s.list) - 1
	} else if len(s.list) > 12 {
		s.index = make(map[string]int, 2*len(s.list))
		for i := range s.list {
			s.index[s.list[i].name] = i
		}
	}
}

func (s *symbols) findRef(name string) (symRef, bool) {
	for ; s != nil; s = s.parent {
		if sym, ok := s.find(name); ok {
			return symRef{s.fn, sym.slot}, true
		}
	}
	return symRef{}, false
}

func (s *symbols) define(name string, load loadKind, outer symRef, stored bool) int {
	if sym, ok := s.find(name); ok {
		sym.load, sym.outer, sym.stored = load, outer, sym.stored || stored
		s.put(sym)
		return sym.slot
	}
	slot, ok := s.slots[name]
	if !ok {
		slot = s.fn.Slots
		s.fn.Slots++
		s.slots[name] = slot
	}
	s.put(symbol{name: name, slot: slot, load: load, outer: outer, stored: stored})
	return slot
}

// store notes an assignment. The first one in a scope makes a variable of its
// own, which begins as a copy of the outer one.
func (s *symbols) store(name string) {
	if sym, ok := s.find(name); ok {
		if !sym.stored {
			sym.stored = true
			s.put(sym)
		}
		return
	}
	if outer, ok := s.parent.findRef(name); ok {
		s.define(name, loadAlias, outer, true)
		return
	}
	s.define(name, loadUndefined, symRef{}, true)
}

func (s *symbols) param(name string) int {
	return s.define(name, loadParam, symRef{}, true)
}

func (s *symbols) read(name string) {
	if _, ok := s.findRef(name); !ok {
		s.define(name, loadResolve, symRef{}, false)
	}
}

// branchUpdate merges the branches of an if. What any of them assigns has its outer value until then.
func (s *symbols) branchUpdate(branches []*symbols) {
	stores := map[string]bool{}
	for _, b := range branches {
		for _, sym := range b.list {
			if own, ok := s.find(sym.name); sym.stored && !(ok && own.stored) {
				stores[sym.name] = true
			}
		}
	}
	for _, b := range branches {
		for _, sym := range b.list {
			s.define(sym.name, sym.load, sym.outer, sym.stored)
		}
	}
	for name := range stores {
		if outer, ok := s.parent.findRef(name); ok {
			s.define(name, loadAlias, outer, true)
		} else {
			s.define(name, loadResolve, symRef{}, true)
		}
	}
}

// Load is what has to be done to a variable when its scope is entered: it is
// looked up in the context, or copied from an outer one; else it has no value.
type Load struct {
	Slot    int
	Resolve bool
	Alias   bool
	Name    string
	From    Ref // of an alias
}

// scope lists the loads that are due when a frame with these symbols is entered.
func (s *symbols) scope() []Load {
	var ops []Load
	for _, sym := range s.list {
		if sym.load == loadParam {
			continue
		}
		op := Load{Slot: sym.slot, Resolve: sym.load == loadResolve, Alias: sym.load == loadAlias, Name: sym.name}
		if op.Alias {
			op.From = s.fn.refTo(sym.outer)
		}
		ops = append(ops, op)
	}
	return ops
}

// refTo expresses a variable as seen from inside f.
func (f *Frame) refTo(r symRef) Ref {
	hops := 0
	for g := f; g != r.fn; g = g.parent {
		hops++
	}
	return Ref{hops, r.slot}
}

// locals lists all names assigned in this scope and those around it.
func (s *symbols) locals() []Local {
	if s.known != nil {
		return s.known
	}
	vars := []Local{}
	seen := map[string]bool{}
	for node := s; node != nil; node = node.parent {
		for _, sym := range node.list {
			if sym.stored && !seen[sym.name] {
				seen[sym.name] = true
				vars = append(vars, Local{sym.name, s.fn.refTo(symRef{node.fn, sym.slot})})
			}
		}
	}
	s.known = vars
	return vars
}
