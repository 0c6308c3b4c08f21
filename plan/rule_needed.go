package plan

// unselected: neither is it selected, nor does anything that is need it.
func unselected(_ *maker, n *node) []Reason {
	if n.wanted() {
		return nil
	}
	return because(byUnselected)
}

// requested: --force.
func requested(m *maker, n *node) []Reason {
	if !m.judges(n) || m.Force == nil || !n.selected || !m.Force(n.img) {
		return nil
	}
	return because(byRequested)
}

// needed: something that is to be built needs it. What is published is fetched for that.
func needed(m *maker, n *node) []Reason {
	fetch := n.counts && n.basis && !m.NoPull && (!n.usable() || n.stored.Manifest != n.published.Digest)
	if len(n.neededBy) == 0 || n.selected && !fetch {
		return nil
	}
	r := reason(byNeeded, n.neededBy...)
	r.note = !fetch
	return []Reason{r}
}
