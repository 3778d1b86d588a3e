package intake

import (
	"context"

	"holdfast/uid"
)

const (
	pageUsual = 50
	pageMost  = 200
)

func page(limit int) int {
	if limit <= 0 {
		return pageUsual
	}
	return min(limit, pageMost)
}

// Feed implements Service.
func (c *Core) Feed(ctx context.Context, e Editor, partner string) (*Status, error) {
	s, err := c.find(ctx, e, partner)
	if err != nil {
		return nil, err
	}
	s.Feed = s.Feed.masked()
	return s, nil
}

// Feeds implements Service.
func (c *Core) Feeds(ctx context.Context, e Editor, q ListQuery) (feeds []Status, next string, err error) {
	limit := page(q.Limit)
	feeds, err = c.store.Feeds(ctx, e.Supplier, q.After, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(feeds) > limit {
		feeds = feeds[:limit]
		next = feeds[limit-1].Partner
	}
	for i := range feeds {
		feeds[i].Feed = feeds[i].Feed.masked()
	}
	return feeds, next, nil
}

// Runs implements Service.
func (c *Core) Runs(ctx context.Context, e Editor, partner string, q RunQuery) (runs []Run, next uid.ID, err error) {
	if _, err := c.find(ctx, e, partner); err != nil {
		return nil, next, err
	}
	limit := page(q.Limit)
	runs, err = c.store.Runs(ctx, partner, q.Before, limit+1)
	if err != nil {
		return nil, next, err
	}
	if len(runs) > limit {
		runs = runs[:limit]
		next = runs[limit-1].ID
	}
	return runs, next, nil
}

// Run implements Service.
func (c *Core) Run(ctx context.Context, e Editor, partner string, id uid.ID) (*Run, error) {
	if _, err := c.find(ctx, e, partner); err != nil {
		return nil, err
	}
	r, err := c.store.Run(ctx, partner, id)
	if err == nil && r == nil {
		err = runNotFound()
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}
