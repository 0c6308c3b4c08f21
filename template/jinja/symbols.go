package jinja

// Names are bound when a template is compiled, by the rules of Jinja2's own
// compiler: each Python function it would write is a fnInfo, each of that
// function's variables a slot. What a name means where branches, loops and
// macros meet follows from those rules, oddities included.

// fnInfo is one function: the root, a block, a macro, a recursive loop, the
// filter of a loop.
type fnInfo struct {
	parent *fnInfo
	slots  int
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
	fn   *fnInfo
	slot int
}

// symbols is the names of one scope. Branches of an if work on copies that
// share slots by name.
type symbols struct {
	parent *symbols
	fn     *fnInfo
	list   []symbol
	slots  *[]slotName
}

type slotName struct {
	name string
	slot int
}

func newSymbols(parent *symbols, fn *fnInfo) *symbols {
	return &symbols{parent: parent, fn: fn, slots: new([]slotName)}
}

func (s *symbols) copy() *symbols {
	c := *s
	c.list = append([]symbol(nil), s.list...)
	return &c
}

func (s *symbols) find(name string) *symbol {
	for i := range s.list {
		if s.list[i].name == name {
			return &s.list[i]
		}
	}
	return nil
}

func (s *symbols) findRef(name string) (symRef, bool) {
	for ; s != nil; s = s.parent {
		if sym := s.find(name); sym != nil {
			return symRef{s.fn, sym.slot}, true
		}
	}
	return symRef{}, false
}

func (s *symbols) define(name string, load loadKind, outer symRef, stored bool) *symbol {
	if sym := s.find(name); sym != nil {
		sym.load, sym.outer, sym.stored = load, outer, sym.stored || stored
		return sym
	}
	slot := -1
	for _, known := range *s.slots {
		if known.name == name {
			slot = known.slot
		}
	}
	if slot < 0 {
		slot = s.fn.slots
		s.fn.slots++
		*s.slots = append(*s.slots, slotName{name, slot})
	}
	s.list = append(s.list, symbol{name: name, slot: slot, load: load, outer: outer, stored: stored})
	return &s.list[len(s.list)-1]
}

// store notes an assignment. The first one in a scope makes a variable of its
// own, which begins as a copy of the outer one.
func (s *symbols) store(name string) {
	if sym := s.find(name); sym != nil {
		sym.stored = true
		return
	}
	if outer, ok := s.parent.findRef(name); ok {
		s.define(name, loadAlias, outer, true)
		return
	}
	s.define(name, loadUndefined, symRef{}, true)
}

func (s *symbols) param(name string) int {
	return s.define(name, loadParam, symRef{}, true).slot
}

func (s *symbols) load(name string) {
	if _, ok := s.findRef(name); !ok {
		s.define(name, loadResolve, symRef{}, false)
	}
}

// branchUpdate merges the branches of an if. What only some of them assign
// keeps its outer value in the others.
func (s *symbols) branchUpdate(branches []*symbols) {
	counts := map[string]int{}
	for _, b := range branches {
		for _, sym := range b.list {
			if own := s.find(sym.name); sym.stored && (own == nil || !own.stored) {
				counts[sym.name]++
			}
		}
	}
	for _, b := range branches {
		for _, sym := range b.list {
			merged := s.define(sym.name, sym.load, sym.outer, sym.stored)
			merged.slot = sym.slot
		}
	}
	for name, n := range counts {
		if n == len(branches) {
			continue
		}
		sym := s.find(name)
		if outer, ok := s.parent.findRef(name); ok {
			sym.load, sym.outer = loadAlias, outer
		} else {
			sym.load = loadResolve
		}
	}
}

// scope is what has to be done on entry: the loads of its variables.
type scope []loadOp

type loadOp struct {
	slot int
	kind loadKind
	name string
	from ref
}

// scope lists the loads that are due when a frame with these symbols is entered.
func (s *symbols) scope() scope {
	var ops scope
	for _, sym := range s.list {
		if sym.load == loadParam {
			continue
		}
		op := loadOp{slot: sym.slot, kind: sym.load, name: sym.name}
		if sym.load == loadAlias {
			op.from = s.fn.refTo(sym.outer)
		}
		ops = append(ops, op)
	}
	return ops
}

// refTo expresses a variable as seen from inside f.
func (f *fnInfo) refTo(r symRef) ref {
	hops := 0
	for g := f; g != r.fn; g = g.parent {
		hops++
	}
	return ref{hops, r.slot}
}

// locals lists all names assigned in this scope and those around it.
func (s *symbols) locals() []localVar {
	var vars []localVar
	seen := map[string]bool{}
	for node := s; node != nil; node = node.parent {
		for _, sym := range node.list {
			if sym.stored && !seen[sym.name] {
				seen[sym.name] = true
				r, _ := s.findRef(sym.name)
				vars = append(vars, localVar{sym.name, s.fn.refTo(r)})
			}
		}
	}
	return vars
}
