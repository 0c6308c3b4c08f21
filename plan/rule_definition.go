package plan

import "github.com/slipway-build/slipway/problem"

// wrong are reasons for the action Error: one for each problem.
func wrong(err error) []Reason {
	var all []Reason
	for _, text := range problems(err) {
		all = append(all, Reason{cause: byError, args: []string{text}, more: &detail{err: err}})
	}
	return all
}

// wrongDefinition: the definition of an image that is not published cannot be used.
func wrongDefinition(_ *maker, n *node) []Reason {
	if n.counts {
		return nil
	}
	return wrong(n.wrong)
}

// unread: a published image is to be built, for it may not be fetched, and its definition cannot be used.
func unread(_ *maker, n *node) []Reason {
	if !n.stale {
		return nil
	}
	return wrong(n.wrong)
}

// unreadDefinition: the definition of a published image cannot be used, and need not be.
func unreadDefinition(_ *maker, n *node) []Reason {
	var all []Reason
	for _, text := range problems(n.step.Unread) {
		all = append(all, reason(byUnread, text))
	}
	return all
}

// unseenBase: an image that it is built on is not where it should be.
func unseenBase(m *maker, n *node) []Reason {
	if !n.stale || m.NoPull || !m.here(n.img.Platform) {
		return nil
	}
	for _, ref := range n.img.Elsewhere() {
		if b, asked := m.facts.Bases[ref]; asked && b.Err != nil {
			return wrong(m.baseError(n.img, ref, b.Err))
		}
	}
	return nil
}

// strict: its content changed, and its version did not. Before its questions are answered nobody can tell.
func strict(m *maker, n *node) []Reason {
	if n.asked {
		return nil
	}
	for _, r := range n.reasons {
		if m.Strict && r.cause == byContent {
			return wrong(m.strictError(n))
		}
	}
	return nil
}

// refused: it lacks something that its build is to be given.
func refused(m *maker, n *node) []Reason {
	if !n.stale || m.Refuse == nil {
		return nil
	}
	return wrong(m.Refuse(n.img))
}

// blocked: something that it needs has an error, or is not built here.
func blocked(m *maker, n *node) []Reason {
	var all []Reason
	for _, name := range n.causes {
		by := byBlocked
		if m.notHere[name] {
			by = byBlockedForeign
		}
		all = append(all, reason(by, name))
	}
	return all
}

// problems are the sentences of joined errors, without their hints.
func problems(err error) []string {
	if err == nil {
		return nil
	}
	var all []string
	for _, e := range problem.Each(err) {
		text, _ := problem.Cut(e.Error())
		all = append(all, text)
	}
	return all
}
