package dockerapi

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand/v2"
	"regexp"
	"strings"
)

// The words of names for containers that were given none.
var (
	nameManners = strings.Fields(`able amber brave brisk calm candid clear cosy daring deft eager even fair
fleet frank gentle glad golden hale handy honest jolly keen kind lively loyal lucid mellow merry mild neat
nimble noble patient plain plucky polite proud quick quiet ready robust serene sharp silver sober spry
steady stout sunny supple swift tidy tranquil trim trusty upbeat vivid warm witty zesty`)
	nameVessels = strings.Fields(`ark barge bark brig canoe caravel carrack catamaran clipper coaster coble cog
corvette cruiser currach cutter dhow dinghy dory dredger drifter felucca ferry frigate galleon galley
gondola hoy hulk icebreaker junk kayak ketch launch lighter lugger monitor packet pinnace pontoon proa
punt raft schooner scow scull skiff sloop smack steamer tender trawler trimaran tug umiak whaler xebec
yacht yawl`)
)

// validName is Docker's rule for names of containers.
var validName = regexp.MustCompile(`^/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

func randomName() string {
	return nameManners[mathrand.IntN(len(nameManners))] + "_" + nameVessels[mathrand.IntN(len(nameVessels))]
}

// newID returns 64 hexadecimal digits, as Docker's ids are.
func newID() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// shortID is what people see of an id.
func shortID(id string) string { return id[:min(12, len(id))] }
