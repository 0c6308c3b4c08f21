package plan

import "slices"

// table is how the action follows from the reasons: the first row that is called decides. Beside the reasons
// that call it those are kept which it says, too, in the order in which the rules gave them.
var table = []struct {
	action      Action
	calls, says []cause
}{
	{Skip, []cause{byUnselected, byNowhere}, nil},
	{Error, []cause{byPublishedContent}, slices.Concat(edits, []cause{byMoved})},
	{Error, []cause{byError}, nil},
	{Foreign, []cause{byForeign, byEmulated, byForeignParent}, []cause{byAbsentPlatform}},
	{Blocked, []cause{byBlocked, byBlockedForeign, byStuckTargets}, nil},
	{Build, slices.Concat(edits, []cause{
		byNew, byRemoved, byFailedBuild, byFailedTest, byVersion, byDamaged, byUnsureTest, byRequested,
		byTrigger, byTriggerGone, byTriggerVersion, byParentToBuild, byParentBuilt, byImage, byEngine,
		byUnsureInputs, byUnknownInputs, byOtherInputs, byContent,
	}), []cause{byReplaced, byPrivate, byPartialParent, byAbsentPlatform, byUnreadable, byVanished, byNeeded}},
	{Pull, []cause{byNeeded}, slices.Concat(remarks, []cause{byPublished, byPublishedTags, byUnread})},
	{Publish, []cause{byPublishedTags}, slices.Concat(remarks, []cause{byPublished, byNeeded})},
	{Published, []cause{byPublished}, slices.Concat(remarks, []cause{byUnread, byNeeded})},
	{Test, []cause{byUntested, byTest, byNewTest}, []cause{byNeeded}},
	{Tag, []cause{byTags}, []cause{byNeeded}},
	{Publish, []cause{byUnpublished, byReplaced, byUnreadable, byVanished}, []cause{byTested, byTestless, byNeeded}},
	{UpToDate, []cause{byTested, byTestless}, []cause{byUnpublished, byUnreadable, byVanished, byOther, byPrivate, byPartialParent, byAbsentPlatform, byNeeded}},
	{Blocked, []cause{byLoose}, nil},
	{Skip, []cause{byUnpublishedIndex}, nil},
}

// edits are what somebody edited, as far as it is known.
var edits = []cause{
	byFiles, byIgnoreFile, byCheckout, byCommit, byFolder, byDockerfile, byTarget, byArgument, byDate,
	byParent, byParentGone, byParentVersion, byPlatform,
}

// remarks are what may be said of a published image.
var remarks = []cause{byMoved, byOutdatedParent, byOutdated, byUnseenBase, byNewBase, byNewBaseOfListed}

// called is the first row of the table that each cause calls, and told which causes each row keeps.
var called, told = readTable()

func readTable() (called [causes]int, told [][causes]bool) {
	told = make([][causes]bool, len(table))
	for c := range called {
		called[c] = len(table)
	}
	for i, row := range slices.Backward(table) {
		for _, c := range row.calls {
			called[c], told[i][c] = i, true
		}
		for _, c := range row.says {
			told[i][c] = true
		}
	}
	return called, told
}

// builds tells whether a reason is one to build the image.
func (r Reason) builds() bool {
	return !r.note && called[r.cause] < len(table) && table[called[r.cause]].action == Build
}

// follow finds the action of the reasons, and those of them that are its own.
func follow(reasons []Reason) (Action, []Reason) {
	row := len(table)
	for _, r := range reasons {
		if !r.note {
			row = min(row, called[r.cause])
		}
	}
	if row == len(table) {
		panic("internal error: no rule has said anything of an image")
	}
	other := func(r Reason) bool { return !told[row][r.cause] }
	if slices.ContainsFunc(reasons, other) {
		reasons = slices.DeleteFunc(slices.Clone(reasons), other)
	}
	return table[row].action, reasons
}
