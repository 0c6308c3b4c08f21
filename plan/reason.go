package plan

import (
	"encoding/json"
	"slices"
)

// Reason is one fact behind an action: what it is, and what it is about. Programs go by the Kind, people by
// the Text, which is made when somebody reads it.
type Reason struct {
	cause cause
	note  bool     // it is only said: no action follows from it
	args  []string // in the order in which the sentence has them
	more  *detail  // of few reasons, since plans have many
}

// detail is what is no text.
type detail struct {
	files []fileChange // of byFiles
	err   error        // of a reason for the action Error, whole
}

// cause is a kind of reason, or one of several of that kind: those that have another sentence, or from which
// something else follows.
type cause uint8

// The causes. vocabulary has their kinds and sentences, and table what follows from them.
const (
	byUnselected cause = iota
	byNowhere
	byError          // one problem
	byBlocked        // name of an image that has an error
	byBlockedForeign // name and platform of an image that is not built here
	byForeign        // platform of this machine, its own
	byEmulated       // likewise
	byForeignParent  // platform of this machine, parent and its platform
	byStuckTargets   // platforms
	byLoose
	byUnpublishedIndex

	byNew
	byRemoved // tag
	byFailedBuild
	byFailedTest
	byVersion    // tag before, tag now, what says so
	byDamaged    // what is missing
	byUnsureTest // nobody knows whether its definition is still what it was built from
	byRequested

	byFiles
	byIgnoreFile // before, now
	byCheckout   // before, now
	byCommit     // before, now
	byFolder     // before, now
	byDockerfile
	byTarget   // before, now
	byArgument // name, what happened to it
	byDate
	byPlatform // before, now
	byEngine   // level before, level now
	byUnsureInputs
	byUnknownInputs
	byOtherInputs
	byContent // tag, name

	byParent         // image
	byParentGone     // image
	byParentVersion  // name, tag before, tag now
	byTrigger        // as byParent, but ONBUILD of a parent names it
	byTriggerGone    // as byParentGone
	byTriggerVersion // as byParentVersion
	byParentToBuild  // name, tag
	byParentBuilt    // name, tag
	byImage          // image from elsewhere

	byPublished
	byPublishedContent // tag, name
	byPublishedTags    // tags
	byUnread           // one problem
	byMoved            // digest before, digest now
	byOutdatedParent   // name, tag
	byOutdated
	byUnseenBase      // image, error
	byNewBase         // image, name
	byNewBaseOfListed // image, name

	byUntested
	byTest
	byNewTest
	byTags // tags
	byTested
	byTestless

	byUnpublished
	byAbsentPlatform // platform
	byPartialParent  // parent
	byPrivate        // parent
	byReplaced
	byOther
	byUnreadable
	byVanished // tag
	byNeeded   // names

	pruneOld         // what was kept
	pruneNewest      // what is kept
	pruneOwn         // the changelog's newest
	pruneNewer       // the changelog's newest
	pruneUsed        // name of the image that uses it
	pruneSame        // tag
	prunePart        // tag
	pruneUnknown     // nothing of the image is removed
	pruneForeign     // no version of the image
	pruneFixed       // of an image of the list
	causes       int = iota
)

// reason makes one of its cause and what it is about.
func reason(c cause, about ...string) Reason { return Reason{cause: c, args: about} }

// because is all that a rule says, where that is one reason.
func because(c cause, about ...string) []Reason { return []Reason{reason(c, about...)} }

// same tells whether two reasons are one.
func (r Reason) same(other Reason) bool {
	return r.cause == other.cause && slices.Equal(r.args, other.args)
}

func appendNew(list []Reason, r Reason) []Reason {
	if slices.ContainsFunc(list, r.same) {
		return list
	}
	return append(list, r)
}

// Said is a reason in words.
type Said struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Said are the step's reasons as they are to be read.
func (p *Plan) Said(s *Step) []Said {
	all := make([]Said, len(s.Reasons))
	for i, r := range s.Reasons {
		text := r.Text()
		if p.Words != nil {
			text = p.Words(text)
		}
		all[i] = Said{r.Kind(), text}
	}
	return all
}

// MarshalJSON gives {"kind", "text"}.
func (r Reason) MarshalJSON() ([]byte, error) { return json.Marshal(Said{r.Kind(), r.Text()}) }

// Unedited tells whether the image was to be built for reasons that come true without anybody's edit: when what
// it is made from comes out the same, it need not be.
func (s *Step) Unedited() bool {
	return !slices.ContainsFunc(s.Reasons, func(r Reason) bool {
		switch r.Kind() {
		case kindRebuilt, kindNeeded, kindUnpublished, kindUnreadable, kindVanished, kindMoved:
			return false
		}
		return true
	})
}
