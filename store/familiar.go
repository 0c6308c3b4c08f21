package store

// Familiar is the image's reference as people write it: base:1.0 for docker.io/library/base:1.0.
func (i Image) Familiar() string {
	if i.Tag == "" {
		return i.Ref // by its digest
	}
	return i.Name + ":" + i.Tag
}
