package jinja

import "github.com/slipway-build/slipway/jinja/python"

// Begin returns an Env whose templates share the memory of one render: what
// Get, Parse and Render of it use together stays within Limits.Memory. Few
// such renders are at work at a time, and one that needs much is alone with it;
// Begin waits for that, and end lets others begin.
func (e *Env) Begin() (one *Env, end func()) {
	c := *e
	c.account = python.NewAccount(e.opts.Limits.Memory)
	return &c, c.account.Close
}
