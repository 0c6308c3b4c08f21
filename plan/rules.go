package plan

// A rule looks at one image and the facts, and gives a reason for each thing that it sees, none when there is
// nothing to say. A new one is a file rule_*.go and its name in one of the lists below. Its causes stand in
// reason.go, what follows from them in table.go, their words in explain.go, their kinds in docs/plan.md.
type rule func(m *maker, n *node) []Reason

// buildRules say why an image is to be built, and then why it cannot be; after a reason of the action Error no more
// are asked. What an image needs has been looked at before it. They do not know whether it is wanted.
var buildRules = []rule{
	otherPublished, wrongDefinition,
	missing, damaged, unsureTest, changed, requested,
	unread, unseenBase, strict, refused, foreign,
}

// otherRules say everything else, once it is known what is wanted and what is built.
var otherRules = []rule{
	nowhere, unselected, blocked,
	published, publishedTags, unreadDefinition, movedTag, outdated,
	untested, furtherTags, tested, unpublished,
	needed,
}

// indexRules say what is done with the index of an image that is made for several platforms, once all is decided
// of its targets.
var indexRules = []rule{unselectedIndex, stuckTargets, publishedIndex, looseTargets}
