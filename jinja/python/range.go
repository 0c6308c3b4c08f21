package python

// RangeClass is Python's range as a function of templates.
var RangeClass = class("range", "start, stop=None, step=1, /", func(rt *Runtime, a []Value) Value { return makeRange(rt, a) })

func makeRange(rt *Runtime, a []Value) Value {
	r := &rangeValue{step: 1}
	if a[1] == None {
		r.stop = int64(rt.IntArg(a[0]))
		return bounded(r)
	}
	r.start, r.stop, r.step = int64(rt.IntArg(a[0])), int64(rt.IntArg(a[1])), int64(rt.IntArg(a[2]))
	if r.step == 0 {
		Raise("ValueError", "range() arg 3 must not be zero")
	}
	return bounded(r)
}

// bounded refuses ranges that no loop could run through.
func bounded(r *rangeValue) Value {
	const most = 1 << 53
	if r.start > most || r.start < -most || r.stop > most || r.stop < -most || r.step > most || r.step < -most {
		Raise(LimitError, "range is too big")
	}
	return r
}
