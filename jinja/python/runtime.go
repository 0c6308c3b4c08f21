package python

import (
	"fmt"
	"unicode/utf8"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

func runeCount(s string) int { return utf8.RuneCountInString(s) }

// Limits bounds what one run may use. A zero field means its default.
type Limits struct {
	Output    int // bytes of the result; default 16 MiB
	Steps     int // loop iterations and macro, block and include calls; default 2,000,000
	Memory    int // bytes of values made during a render, freed or not; default 256 MiB
	Recursion int // nested macros, includes and recursive loops; default 200
	Source    int // bytes of one template; default 4 MiB
}

// program is what runs, and works with values.
type program interface {
	// Undefined raises the error of an undefined value that is used.
	Undefined(u *Undefined)
	// Arguments looks at those of a call before they are used: it may replace
	// them, in place, or raise an error.
	Arguments(pos []Value, named []Kwarg)
}

// Runtime is what values need of the program that works with them: its rules
// and its budget.
type Runtime struct {
	Program    program
	Limits     Limits
	Account    *Account
	Autoescape bool
	Lenient    bool // undefined values print as nothing
	Watched    bool // program is asked before each call of a builtin
	steps      int
	work       int
	Depth      int
}

// Charge counts n bytes of new values.
func (rt *Runtime) Charge(n int) { rt.Account.Charge(n) }

// ChargeProduct counts n values of the given size before they are made.
func (rt *Runtime) ChargeProduct(n, size int) {
	if n > 0 && size > rt.Limits.Memory/n {
		rt.Charge(-1)
	}
	rt.Charge(n * size)
}

// Step counts one iteration or call.
func (rt *Runtime) Step() {
	rt.steps++
	if rt.steps > rt.Limits.Steps {
		Raise(LimitError, "template takes more than %d steps", rt.Limits.Steps)
	}
}

// Effort counts n bytes or items that an operation looks at.
func (rt *Runtime) Effort(n int) {
	rt.work += n
	if rt.work/16 > rt.Limits.Memory {
		Raise(LimitError, "template takes too long")
	}
}

// size is what an operation on v may have to look at.
func size(v Value) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case Markup:
		return len(v)
	case *List:
		return len(v.Items)
	case *Tuple:
		return len(v.Items)
	case *Dict:
		return v.live
	case *dictView:
		return v.dict.live
	}
	return 1
}

// Push counts one level of recursion.
func (rt *Runtime) Push() {
	rt.Depth++
	if rt.Depth > rt.Limits.Recursion {
		Raise("RecursionError", "maximum recursion depth of %d exceeded", rt.Limits.Recursion)
	}
}

// Pop leaves what Push counted.
func (rt *Runtime) Pop() { rt.Depth-- }

// DeepCopy is copy.deepcopy(v) of lists, tuples and dicts.
func (rt *Runtime) DeepCopy(v Value) Value {
	switch v := v.(type) {
	case *List:
		return NewList(rt.copyItems(v.Items))
	case *Tuple:
		return &Tuple{Items: rt.copyItems(v.Items), Names: v.Names}
	case *Dict:
		rt.Push()
		rt.Charge(3 * entrySize)
		c := NewDict()
		for _, e := range v.entries {
			if e.key != nil {
				c.Set(rt, e.key, rt.DeepCopy(e.value))
			}
		}
		rt.Pop()
		return c
	}
	return v
}

func (rt *Runtime) copyItems(items []Value) []Value {
	rt.Push()
	rt.Charge(listSize + itemSize*len(items))
	c := make([]Value, len(items))
	for i, item := range items {
		c[i] = rt.DeepCopy(item)
	}
	rt.Pop()
	return c
}

// Look counts the effort of an operation that goes through a value.
func (rt *Runtime) Look(v Value) { rt.Effort(size(v)) }

// LookAtBoth counts the effort of a comparison.
func (rt *Runtime) LookAtBoth(op string, a, b Value) {
	rt.Effort(min(size(a), size(b)) + 1)
	if op == "in" || op == "not in" {
		rt.Look(b)
	}
}

// ChargeItems counts n places for values.
func (rt *Runtime) ChargeItems(n int) { rt.Charge(itemSize * n) }

// ChargeList counts a list with n places.
func (rt *Runtime) ChargeList(n int) { rt.Charge(listSize + itemSize*n) }

// ChargeEntries counts n entries of a dict.
func (rt *Runtime) ChargeEntries(n int) { rt.Charge(entrySize * n) }

// NoValue counts an undefined value, and returns it.
func (rt *Runtime) NoValue(u *Undefined) Value {
	n := undefinedSize
	if u.Hint != "" {
		n *= 4
	}
	rt.Charge(n)
	return u
}

// Confine gives a copy of a runtime limits and an account of its own, which
// waits for nobody.
func (rt *Runtime) Confine(steps, memory, recursion int) {
	rt.Limits.Steps, rt.Limits.Memory, rt.Limits.Recursion = steps, memory, recursion
	rt.Account = &Account{limit: memory, granted: memory}
}

// Restart forgets what was used.
func (rt *Runtime) Restart() {
	rt.steps, rt.Account.used, rt.work, rt.Depth = 0, 0, 0, 0
}

// WithDefaults fills in what is left out.
func (l Limits) WithDefaults() Limits {
	set := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&l.Output, 16<<20)
	set(&l.Steps, 2_000_000)
	set(&l.Memory, 256<<20)
	set(&l.Recursion, 200)
	set(&l.Source, 4<<20)
	return l
}
