package runner

import (
	"context"
	"slices"
	"sync"

	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/plan"
)

// node is a plan step on its way through the schedule.
type node struct {
	step   *plan.Step
	index  int
	waits  int
	next   []*node
	causes []string // references of the failures above, sorted
}

// schedule runs do for every step once all it needs are good, at most jobs at a
// time, in plan order where there is a choice. A step whose need is not good is
// handed to blocked with the root causes instead. After ctx ends, or once enough
// says so, nothing new is started; what was not started is handed to cancelled.
// Calls of enough, blocked and cancelled come from the caller's goroutine.
func schedule(ctx context.Context, steps []*plan.Step, jobs int, enough func() bool, do func(context.Context, *plan.Step) event.Outcome,
	blocked func(*plan.Step, []string), cancelled func(*plan.Step)) {
	nodes := link(steps)
	var ready []*node
	for _, n := range nodes {
		if n.waits == 0 {
			ready = append(ready, n)
		}
	}
	type result struct {
		node    *node
		outcome event.Outcome
	}
	results := make(chan result)
	var workers sync.WaitGroup
	defer workers.Wait()
	running, left := 0, len(nodes)
	for left > 0 {
		for len(ready) > 0 && running < max(jobs, 1) {
			n := ready[0]
			ready = ready[1:]
			var now event.Outcome
			switch {
			case len(n.causes) > 0:
				blocked(n.step, n.causes)
				now = event.NotBuilt
			case ctx.Err() != nil || enough():
				cancelled(n.step)
				now = event.Interrupt
			default:
				running++
				workers.Go(func() { results <- result{n, do(ctx, n.step)} })
				continue
			}
			left--
			ready = release(n, now, ready)
		}
		if running == 0 {
			continue
		}
		r := <-results
		running--
		left--
		ready = release(r.node, r.outcome, ready)
	}
}

// link connects the steps; needs that are no part of the plan count as met. A step with nothing to build
// waits for nobody: a failure of what it needs is no reason to call it blocked.
func link(steps []*plan.Step) []*node {
	nodes := make([]*node, len(steps))
	byStep := make(map[*plan.Step]*node, len(steps))
	for i, s := range steps {
		nodes[i] = &node{step: s, index: i}
		byStep[s] = nodes[i]
	}
	for _, n := range nodes {
		if n.step.Action.Idle() || n.step.Action == plan.Pull || n.step.Action == plan.Foreign {
			continue
		}
		for _, need := range n.step.Needs {
			if parent, ok := byStep[need]; ok {
				parent.next = append(parent.next, n)
				n.waits++
			}
		}
	}
	return nodes
}

// release tells the dependents of n how it went and returns the ready list with
// those that have nothing left to wait for, in plan order.
func release(n *node, outcome event.Outcome, ready []*node) []*node {
	for _, child := range n.next {
		switch {
		case n.step.Action == plan.Foreign:
			child.causes = union(child.causes, []string{n.step.Image.Ref})
		case outcome == event.NotBuilt:
			child.causes = union(child.causes, n.causes)
		case !outcome.Good() && outcome != event.Interrupt:
			child.causes = union(child.causes, []string{n.step.Image.Ref})
		}
		if child.waits--; child.waits == 0 {
			at, _ := slices.BinarySearchFunc(ready, child.index, func(r *node, i int) int { return r.index - i })
			ready = slices.Insert(ready, at, child)
		}
	}
	return ready
}

func union(a, b []string) []string {
	all := append(slices.Clip(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
