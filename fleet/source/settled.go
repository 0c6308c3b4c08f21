package source

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// A submodule that cannot be had is asked for at each Fetch of those whom it counts for. One of them may
// have found out that it can do without: that is noted beside the checkout, and goes with it.

// settled is the file of a note; who says for whom it is.
func (r *Repositories) settled(g Git, commit string, w Wish, who string) (string, error) {
	cache, err := r.cache()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(who))
	return filepath.Join(cache, nameOf(g, commit, w), "without-"+hex.EncodeToString(sum[:16])), nil
}

// Settled tells whether who does without the submodules that the checkout lacks.
func (r *Repositories) Settled(g Git, commit string, w Wish, who string) bool {
	name, err := r.settled(g, commit, w, who)
	if err == nil {
		_, err = os.Lstat(name)
	}
	return err == nil
}

// Settle notes that who does without them. A note that cannot be written costs only time.
func (r *Repositories) Settle(g Git, commit string, w Wish, who string) {
	if name, err := r.settled(g, commit, w, who); err == nil {
		_ = os.WriteFile(name, nil, 0o644)
	}
}

// Unsettle removes the note: the next Fetch asks again.
func (r *Repositories) Unsettle(g Git, commit string, w Wish, who string) {
	if name, err := r.settled(g, commit, w, who); err == nil {
		_ = os.Remove(name)
	}
}
