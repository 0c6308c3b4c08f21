package plan

// A rule looks at one image and the facts, and gives a reason for each thing that it sees, none when there is
// nothing to say. What follows from a reason is the affair of the table, how it is told that of the vocabulary.
// A new rule is a file of its own, and a line in one of these two lists.
type rule func(m *maker, n *node) []Reason

// buildRules say why an image is to be built, and then why it cannot be; after a reason of the action Error no more
// are asked. What an image needs has been looked at before it. They do not know whether it is wanted.
var buildRules = []rule{
	otherPublished, wrongDefinition,
	missing, damaged, unsureTest, changed, requested,
	unread, unseenBase, strict, refused,
}

// otherRules say everything else, once it is known what is wanted and what is built.
var otherRules = []rule{
	unselected, blocked,
	published, publishedTags, unreadDefinition, movedTag, outdated,
	untested, furtherTags, tested, unpublished,
	needed,
}
