package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/problem"
)

const uidKey = "known_uid_mappings"

// mostNames bounds the names in an error, in bytes: of one that is too long only a part is kept, and
// not what it is.
const mostNames = 1500

// uids is known_uid_mappings as the filters uid and add_user see it.
func uids(h jinja.Host, vars jinja.Vars) (*python.Dict, error) {
	v, ok := h.Shared(vars, uidKey)
	if !ok {
		return python.NewDict(), nil
	}
	if d, ok := v.(*python.Dict); ok {
		return d, nil
	}
	if v != python.None && !h.True(v) { // Python finds nothing in what is empty
		return python.NewDict(), nil
	}
	return nil, problem.New(uidKey+" is no mapping of users to numbers",
		"give the key such lines as \"  www-data: 33\", or leave it out of the configuration")
}

// numericUser is the number of a user as text, and the user itself if there is none.
func numericUser(h jinja.Host, vars jinja.Vars, user python.Value) (python.Value, error) {
	switch user.(type) {
	case *python.List, *python.Dict:
		return nil, problem.With(fmt.Errorf("a user cannot be %s", shown(user)), "give each name to the filter alone: {{ users | map('uid') | join(' ') }}")
	}
	known, err := uids(h, vars)
	if err != nil {
		return nil, err
	}
	if id, ok := h.Lookup(known, user); ok {
		return h.Str(id), nil
	}
	return user, nil
}

func addUserFilters(env *jinja.Env, o *Options, vars jinja.Vars) {
	env.AddValueFilter("uid", "value", func(h jinja.Host, args []python.Value) (python.Value, error) {
		id, err := numericUser(h, vars, args[0])
		if err == nil && h.Equal(id, args[0]) {
			o.warn("UID mapping for user " + h.Str(args[0]) + " not found")
		}
		return id, err
	})
	env.AddValueFilter("add_user", "value", func(h jinja.Host, args []python.Value) (python.Value, error) {
		id, err := numericUser(h, vars, args[0])
		if err != nil {
			return nil, err
		}
		user := h.Str(args[0])
		if h.Equal(id, args[0]) {
			return nil, unknownUser(h, vars, user)
		}
		return fmt.Sprintf("groupadd -o -g %[1]s -r %[2]s && useradd -l -o -r -m -d /var/lib/%[2]s -g %[2]s -u %[1]s %[2]s",
			h.Str(id), user), nil
	})
}

func unknownUser(h jinja.Host, vars jinja.Vars, user string) error {
	known, err := uids(h, vars)
	if err != nil {
		return err
	}
	names := h.Keys(known)
	slices.Sort(names)
	has := strings.Join(names, ", ")
	if has == "" {
		has = "nobody yet"
	}
	if len(has) > mostNames {
		has = strings.ToValidUTF8(has[:mostNames], "") + "..."
	}
	return &UnknownUserError{User: user, Known: has}
}
