package registry

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// secrets takes passwords and tokens out of texts. What a server or a helper program says goes into
// error texts, and some of them repeat what they were given.
type secrets struct {
	mu    sync.RWMutex
	words []string
}

// minWord is how long a word must be, in bytes, to be taken out wherever it stands: the letters of a
// shorter one are in every other word. A shorter one is taken out in quotes, and as HTTP sends it.
const minWord = 4

func (s *secrets) add(words ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range words {
		if w != "" && len(w) < minWord {
			for _, form := range []string{`"` + w + `"`, "'" + w + "'", "=" + w + "&"} {
				if !slices.Contains(s.words, form) {
					s.words = append(s.words, form)
				}
			}
			continue
		}
		quoted, _ := json.Marshal(w) // a string always can be
		for _, form := range []string{w, strings.Trim(string(quoted), `"`), strings.Trim(fmt.Sprintf("%q", w), `"`),
			url.QueryEscape(w), url.PathEscape(w), base64.StdEncoding.EncodeToString([]byte(w))} {
			if w != "" && !slices.Contains(s.words, form) {
				s.words = append(s.words, form)
			}
		}
	}
	// The longest first: one may contain another.
	slices.SortFunc(s.words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
}

func (s *secrets) addLogin(user, password string) {
	if password != "" {
		s.add(password, user+":"+password)
	}
}

func (s *secrets) scrub(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, w := range s.words {
		text = strings.ReplaceAll(text, w, "***")
	}
	return text
}
