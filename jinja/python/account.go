package python

import "runtime"

const (
	// maxRenders is how many renders of this process are at work at a time.
	maxRenders = 32
	// smallRender is the memory that each of them may use without asking. Real
	// templates use a hundredth of it.
	smallRender = 4 << 20
)

var (
	renders = make(chan struct{}, maxRenders)
	// heavy is held by the one render that may use more than smallRender: the
	// limit of one is then, but for maxRenders small ones, that of the process.
	heavy = make(chan struct{}, 1)
)

// Account is the memory of one render, with the templates that it reads.
type Account struct {
	limit   int
	used    int // bytes made, freed or not
	granted int // bytes that may be used without asking, at most limit
	beside  int // part of limit that is not for the template
	isHeavy bool
}

// NewAccount waits for its turn; close must be called. Who holds one must not
// wait for another: filters must not render.
func NewAccount(limit int) *Account {
	renders <- struct{}{}
	return &Account{limit: limit, granted: min(limit, smallRender)}
}

// Charge counts n bytes before they are made.
func (a *Account) Charge(n int) {
	if n < 0 || n > a.granted-a.used {
		a.grow(n)
	}
	a.used += n
}

// grow waits until this render may use all of its limit.
func (a *Account) grow(n int) {
	if n < 0 || n > a.limit-a.used {
		Raise(LimitError, "values of this template need more than %d bytes", a.limit-a.beside)
	}
	heavy <- struct{}{}
	a.isHeavy, a.granted = true, a.limit
}

// ChargeBeside counts what a Trace notes and a render does not. It waits as charge does, but does
// not lower the limit: what can be rendered can be traced.
func (a *Account) ChargeBeside(n int) {
	a.limit += n
	a.beside += n
	if a.isHeavy {
		a.granted += n
	}
	a.Charge(n)
}

// Close ends the render. The garbage of a heavy one goes before the next one
// begins: the collector by itself lets as much pile up as is in use.
func (a *Account) Close() {
	if a.isHeavy {
		runtime.GC()
		<-heavy
	}
	<-renders
}

// What values take in memory, in bytes. Items of lists are interfaces, and
// those of texts point to a header, which points to the text.
const (
	itemSize      = 16
	textSize      = itemSize + 16 // a text in a list, without its bytes
	listSize      = itemSize + 24 // an empty list in a list
	tupleSize     = itemSize + 48
	undefinedSize = 80
	entrySize     = 160 // of a dict: the entry, its place in the index, and room to grow
)
