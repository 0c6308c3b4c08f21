package boltfile

import "bytes"

// tree looks at the page and all that it leads to.
func (c *checker) tree(id uint64, depth int) error {
	if depth > maxDepth {
		return c.damage("page %d is too deep", id)
	}
	p, err := c.page(id)
	if err != nil {
		return err
	}
	return c.elements(p, depth)
}

// elements looks at the elements of a branch or a leaf, which stand in the order of their keys.
func (c *checker) elements(p page, depth int) error {
	if p.flags != branchPage && p.flags != leafPage {
		return c.damage("a page is neither branch nor leaf")
	}
	if headerSize+p.count*elementSize > len(p.data) || p.flags == branchPage && p.count == 0 {
		return c.damage("a page has %d elements, for which it has no room", p.count)
	}
	var last []byte
	for i := range p.count {
		at := headerSize + i*elementSize
		element := p.data[at : at+elementSize]
		e, err := c.element(p, element, at)
		if err != nil {
			return err
		}
		if i > 0 && bytes.Compare(last, e.key) >= 0 {
			return c.damage("keys are out of order")
		}
		last = e.key
		switch {
		case p.flags == branchPage:
			err = c.tree(e.child, depth+1)
		case e.bucket:
			err = c.bucket(e.value, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// element is what an element of a page says.
type element struct {
	key, value []byte
	child      uint64 // of a branch
	bucket     bool   // the value of a leaf's element is one
}

// element reads the element that begins at a place of the page, from where its key's place counts.
func (c *checker) element(p page, data []byte, at int) (e element, err error) {
	pos, keys, values := uint64(order.Uint32(data)), uint64(order.Uint32(data[4:])), uint64(0)
	if p.flags == branchPage {
		e.child = order.Uint64(data[8:])
	} else {
		flags := order.Uint32(data)
		pos, keys, values = uint64(order.Uint32(data[4:])), uint64(order.Uint32(data[8:])), uint64(order.Uint32(data[12:]))
		if e.bucket = flags == bucketFlag; flags > bucketFlag {
			return e, c.damage("an element is neither value nor bucket")
		}
	}
	begin := uint64(at) + pos
	if begin+keys+values > uint64(len(p.data)) {
		return e, c.damage("an element is longer than its page")
	}
	e.key, e.value = p.data[begin:begin+keys], p.data[begin+keys:begin+keys+values]
	return e, nil
}

// bucket looks at a bucket, whose pages are elsewhere, or which has its only one in itself.
func (c *checker) bucket(value []byte, depth int) error {
	if len(value) < bucketSize {
		return c.damage("a bucket is cut short")
	}
	if root := order.Uint64(value); root != 0 {
		return c.tree(root, depth)
	}
	inline := value[bucketSize:]
	if depth > maxDepth || len(inline) < headerSize {
		return c.damage("a bucket is cut short")
	}
	p := page{flags: order.Uint16(inline[8:]), count: int(order.Uint16(inline[10:])), data: inline}
	if p.flags != leafPage {
		return c.damage("a bucket is no leaf")
	}
	return c.elements(p, depth)
}
