package rest

import (
	"context"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"holdfast/fault"
	"holdfast/feed/intake"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
	"holdfast/uid"
)

// FeedPath is the address of a feed.
type FeedPath struct {
	Partner string `path:"partner" maxLength:"64" example:"nordbahn" doc:"Short name of the partner: lower-case letters, digits and hyphens."`
}

type feedGetIn struct {
	FeedPath
	IfNoneMatch
}

type feedPutIn struct {
	FeedPath
	IfMatch
	Raw
}

type feedDeleteIn struct {
	FeedPath
	IfMatch
}

type feedPushIn struct {
	FeedPath
	Version string `header:"Feed-Version" maxLength:"60" example:"42 2026-11-22T09:00:00Z" doc:"Version of the file: a number that grows, an instant (RFC 3339), or both with a blank between them. An older one than what was applied changes nothing. The instant of receipt if left out."`
	DryRun  bool   `query:"dry_run" doc:"Say what would change, and change nothing."`
}

// FeedRunPath is the address of a run of a feed.
type FeedRunPath struct {
	FeedPath
	RunID string `path:"run_id" maxLength:"64" example:"fdr_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the run."`
}

type feedRunsIn struct {
	FeedPath
	Page
}

type feedOut struct {
	Status int
	ETag   string `header:"ETag" doc:"Version, for If-Match and If-None-Match."`
	Body   *wire.Feed
}

type feedListOut struct {
	Body wire.FeedList
}

type feedRunOut struct {
	Status int
	Body   wire.FeedRun
}

type feedRunListOut struct {
	Body wire.FeedRunList
}

// Times of taking a delivery.
const (
	pushSilent = 30 * time.Second // nothing may come for so long
	pushAnswer = 20 * time.Minute // the answer waits for the work
)

func (s *server) feedCalls() {
	const tag, path = "Feeds", "/v1/feeds/{partner}"
	known := []string{"feed_not_found"}
	later := map[int]string{http.StatusAccepted: "It is being worked on; read the run again."}
	handleBody(s, operation{
		id: "put-feed", method: http.MethodPut, path: path, tag: tag, summary: "Make or replace a feed",
		about: "Says how the timetable of a partner comes here: fetched from an address as often as you say, or pushed by the partner, or both. A feed with a " +
			"new address is fetched at once.",
		scopes: staff, status: http.StatusOK, ifMatch: true, codes: []string{"feed_not_found", "supplier_not_found", "feed_invalid", "partner_taken", "feed_busy"},
		examples: []example{
			{"pulled", "Fetched every hour", `{"supplier_id": "sup_01kavwy2x4e8hrn5z3m7q9t6bc", "format": "gtfs", "url": "https://partner.example/timetable.zip", "header": {"name": "X-Api-Key", "value": "secret"}}`},
			{"pushed", "Pushed by the partner", `{"supplier_id": "sup_01kavwy2x4e8hrn5z3m7q9t6bc", "format": "gtfs", "every_seconds": 86400, "max_removed_percent": 10}`},
		},
	}, s.putFeed)
	handle(s, operation{
		id: "list-feeds", method: http.MethodGet, path: "/v1/feeds", tag: tag, summary: "List feeds",
		about: "Those of your supplier; for the operator all. With how each one stands.", scopes: staff, status: http.StatusOK,
	}, s.listFeeds)
	handle(s, operation{
		id: "get-feed", method: http.MethodGet, path: path, tag: tag, summary: "Read a feed",
		about:  "With how it stands: when something came last, what waits, what failed. Credentials are masked.",
		scopes: staff, status: http.StatusOK, codes: known, answers: map[int]string{http.StatusNotModified: "You have the current version."},
	}, s.getFeed)
	handle(s, operation{
		id: "delete-feed", method: http.MethodDelete, path: path, tag: tag, summary: "Delete a feed",
		about: "Forgets it with its runs. What it brought stays.", scopes: staff, status: http.StatusNoContent, ifMatch: true, codes: known,
	}, s.deleteFeed)
	push := &stream{
		about: "The file itself, as the feed's format has it; not in JSON, not compressed for the transfer. It may be much larger than other bodies.",
		types: []string{"application/octet-stream", "application/zip", "text/csv"}, example: "stop_id,stop_name\nA,Hamburg\nB,Bremen\n", silent: pushSilent,
	}
	handle(s, operation{
		id: "push-feed", method: http.MethodPost, path: path, tag: tag, summary: "Send a delivery",
		about: "Takes the file and applies it as one difference against what is there, or changes nothing at all. What became of it is the `outcome` of the run; a " +
			"file that is older than what was applied, or that would remove too much, is no error. The same file again changes nothing.",
		scopes: staff, status: http.StatusOK, answers: later, stream: push, waits: true,
		codes: []string{"feed_not_found", "feed_disabled", "feed_busy", "stamp_invalid", "delivery_too_large", "body_unreadable"},
	}, func(ctx context.Context, c *call, in *feedPushIn) (*feedRunOut, error) {
		return s.pushFeed(ctx, c, in, push)
	})
	handle(s, operation{
		id: "pull-feed", method: http.MethodPost, path: path + "/pull", tag: tag, summary: "Fetch a feed now",
		about:  "Whether it is due or not, and applies it even if it has not changed. No body.",
		scopes: staff, status: http.StatusOK, answers: later, noBody: true, waits: true,
		codes: []string{"feed_not_found", "feed_disabled", "feed_busy", "not_pulled"},
	}, s.pullFeed)
	handle(s, operation{
		id: "list-feed-runs", method: http.MethodGet, path: path + "/runs", tag: tag, summary: "List the runs of a feed",
		about: "What came when, what changed and what was refused, newest first. The last ones are kept.", scopes: staff, status: http.StatusOK, codes: known,
	}, s.listFeedRuns)
	run := append(known, "run_not_found") //nolint:gocritic // another list
	handle(s, operation{
		id: "get-feed-run", method: http.MethodGet, path: path + "/runs/{run_id}", tag: tag, summary: "Read a run of a feed",
		about: "What came, what changed and what was refused.", scopes: staff, status: http.StatusOK, codes: run,
	}, s.getFeedRun)
	handle(s, operation{
		id: "approve-feed-run", method: http.MethodPost, path: path + "/runs/{run_id}/approve", tag: tag, summary: "Apply what was held",
		about: "Applies the delivery that a run held, however much it removes, as a run of its own. No body.", scopes: staff, status: http.StatusOK,
		answers: later, noBody: true, waits: true, codes: append(run, "nothing_held", "feed_busy", "feed_disabled"),
	}, s.approveFeedRun)
	handle(s, operation{
		id: "discard-feed-run", method: http.MethodPost, path: path + "/runs/{run_id}/discard", tag: tag, summary: "Discard what was held",
		about: "Lets go of the delivery that a run held; what is there stays. No body.", scopes: staff, status: http.StatusOK, noBody: true,
		codes: append(run, "nothing_held", "feed_busy"),
	}, s.discardFeedRun)
}

// feedEditor is who calls, as feeds see them.
func (c *call) feedEditor(partner string) (intake.Editor, error) {
	e := c.editor()
	if e == nil {
		return intake.Editor{}, fault.New(fault.NotFound, "feed_not_found", "There is no feed of %s.", shown(partner))
	}
	return intake.Editor{Subject: e.Subject, Supplier: e.Supplier}, nil
}

// feedNames are the API's names for the service's places.
var feedNames = strings.NewReplacer("/every", "/every_seconds", "/jitter", "/jitter_seconds", "/max_removed_bp", "/max_removed_percent").Replace

func (s *server) putFeed(ctx context.Context, c *call, in *feedPutIn, b *wire.FeedRequest) (*feedOut, error) {
	e, err := c.feedEditor(in.Partner)
	if err != nil {
		return nil, err
	}
	var r reader
	supplier := r.id("/supplier_id", supplierID, b.SupplierID)
	if err := r.err(); err != nil {
		return nil, err
	}
	if supplier.IsZero() {
		supplier = e.Supplier
	} else if _, err := s.supplier(ctx, c, b.SupplierID); err != nil {
		return nil, err
	}
	f := intake.NewFeed(in.Partner, supplier, b.Format)
	f.URL, f.ShiftWeeks = b.URL, b.ShiftWeeks
	if b.EverySeconds != nil {
		f.Every = time.Duration(*b.EverySeconds) * time.Second
		f.Jitter = f.Every
	}
	if b.JitterSeconds != nil {
		f.Jitter = time.Duration(*b.JitterSeconds) * time.Second
	}
	if b.MaxRemovedPercent != nil {
		f.MaxRemovedBP = int(basisPoints(*b.MaxRemovedPercent))
	}
	if b.Enabled != nil {
		f.Enabled = *b.Enabled
	}
	if b.Header != nil {
		f.Header = intake.Header{Name: b.Header.Name, Value: b.Header.Value}
	}
	revision, err := in.revision(intake.AnyRevision)
	if err != nil {
		return nil, err
	}
	if revision < 0 { // hotels' word for none
		revision = intake.AnyRevision
	}
	done, err := s.Feeds.PutFeed(ctx, e, f, revision)
	if err != nil {
		return nil, rebase(err, "", feedNames)
	}
	shown := s.showFeed(done)
	return &feedOut{Status: http.StatusOK, ETag: feedTag(done.Revision, &shown), Body: &shown}, nil
}

func (s *server) listFeeds(ctx context.Context, c *call, in *Page) (*feedListOut, error) {
	out := &feedListOut{Body: wire.FeedList{Feeds: []wire.Feed{}}}
	e, err := c.feedEditor("")
	if err != nil {
		return out, nil //nolint:nilerr // whoever acts for nobody has none
	}
	after, err := base64.RawURLEncoding.DecodeString(in.After)
	if err != nil {
		return nil, badCursor("after")
	}
	feeds, next, err := s.Feeds.Feeds(ctx, e, intake.ListQuery{After: string(after), Limit: in.limit()})
	if err != nil {
		return nil, err
	}
	for i := range feeds {
		out.Body.Feeds = append(out.Body.Feeds, s.showFeed(&feeds[i]))
	}
	if next != "" {
		cursor := base64.RawURLEncoding.EncodeToString([]byte(next))
		out.Body.Next = &cursor
	}
	return out, nil
}

func (s *server) getFeed(ctx context.Context, c *call, in *feedGetIn) (*feedOut, error) {
	e, err := c.feedEditor(in.Partner)
	if err != nil {
		return nil, err
	}
	f, err := s.Feeds.Feed(ctx, e, in.Partner)
	if err != nil {
		return nil, err
	}
	shown := s.showFeed(f)
	out := &feedOut{Status: http.StatusOK, ETag: feedTag(f.Revision, &shown)}
	if in.fresh(out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	out.Body = &shown
	return out, nil
}

// feedTag names a version of a feed as it stands: how it stands changes without anybody writing it, and does not count
// for If-Match, which looks at the number in front alone.
func feedTag(revision int64, f *wire.Feed) string {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%q %q %q %q %d %q %q %q", text(f.DueAt), text(f.ReceivedAt), text(f.AppliedAt), text(f.MissingSince), f.Failures, f.Version, f.RunningID, f.HeldID)
	return etag(revision, "-"+strconv.FormatUint(h.Sum64(), 36))
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (s *server) deleteFeed(ctx context.Context, c *call, in *feedDeleteIn) (*nothing, error) {
	e, err := c.feedEditor(in.Partner)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(intake.AnyRevision)
	if err != nil {
		return nil, err
	}
	return nil, s.Feeds.DeleteFeed(ctx, e, in.Partner, max(revision, intake.AnyRevision))
}

func (s *server) pushFeed(ctx context.Context, c *call, in *feedPushIn, body *stream) (*feedRunOut, error) {
	e, err := c.feedEditor(in.Partner)
	if err != nil {
		return nil, err
	}
	stamp, err := intake.ParseStamp(in.Version)
	if err != nil {
		return nil, problem.New("stamp_invalid", "").At(intake.StampHeader, "stamp_invalid", "Expected a number from 1, an instant such as 2026-11-22T09:00:00Z, or the number, a blank and the instant.")
	}
	c.unhurried(pushAnswer)
	r, err := s.Feeds.Push(ctx, e, in.Partner, intake.Push{Stamp: stamp, Body: body.body(c), DryRun: in.DryRun})
	return showRun(r, err)
}

func (s *server) pullFeed(ctx context.Context, c *call, in *FeedPath) (*feedRunOut, error) {
	e, err := c.feedEditor(in.Partner)
	if err != nil {
		return nil, err
	}
	c.unhurried(pushAnswer)
	return showRun(s.Feeds.PullNow(ctx, e, in.Partner))
}

func (s *server) listFeedRuns(ctx context.Context, c *call, in *feedRunsIn) (*feedRunListOut, error) {
	e, err := c.feedEditor(in.Partner)
	if err != nil {
		return nil, err
	}
	before, err := parseCursor("after", in.After)
	if err != nil {
		return nil, err
	}
	runs, next, err := s.Feeds.Runs(ctx, e, in.Partner, intake.RunQuery{Before: before, Limit: in.limit()})
	if err != nil {
		return nil, err
	}
	out := &feedRunListOut{Body: wire.FeedRunList{Runs: make([]wire.FeedRun, len(runs))}}
	for i := range runs {
		out.Body.Runs[i] = feedRun(&runs[i])
	}
	if !next.IsZero() {
		out.Body.Next = cursorOf(next)
	}
	return out, nil
}

func (s *server) getFeedRun(ctx context.Context, c *call, in *FeedRunPath) (*feedRunOut, error) {
	return s.onRun(ctx, c, in, s.Feeds.Run)
}

func (s *server) approveFeedRun(ctx context.Context, c *call, in *FeedRunPath) (*feedRunOut, error) {
	c.unhurried(pushAnswer)
	return s.onRun(ctx, c, in, s.Feeds.Approve)
}

func (s *server) discardFeedRun(ctx context.Context, c *call, in *FeedRunPath) (*feedRunOut, error) {
	return s.onRun(ctx, c, in, s.Feeds.Discard)
}

// onRun does something with a run that the caller may see.
func (s *server) onRun(ctx context.Context, c *call, in *FeedRunPath, do func(context.Context, intake.Editor, string, uid.ID) (*intake.Run, error)) (*feedRunOut, error) {
	e, err := c.feedEditor(in.Partner)
	if err != nil {
		return nil, err
	}
	id, err := uid.Parse(feedRunID, in.RunID)
	if err != nil {
		if _, err := s.Feeds.Feed(ctx, e, in.Partner); err != nil { // what cannot be seen has no runs either
			return nil, err
		}
		return nil, fault.New(fault.NotFound, "run_not_found", "The feed has no run %s.", shown(in.RunID))
	}
	out, err := showRun(do(ctx, e, in.Partner, id))
	if err == nil && c.request.Method == http.MethodGet {
		out.Status = http.StatusOK // of a run that is read, running is nothing special
	}
	return out, err
}

func (s *server) showFeed(f *intake.Status) wire.Feed {
	out := wire.Feed{
		Partner: f.Partner, SupplierID: f.Supplier.Text(supplierID), Format: f.Format, URL: f.URL,
		EverySeconds: int(f.Every / time.Second), JitterSeconds: int(f.Jitter / time.Second), MaxRemovedPercent: percent(int32(f.MaxRemovedBP)),
		ShiftWeeks: f.ShiftWeeks, Enabled: f.Enabled, ReceivedAt: moment(f.Received), AppliedAt: moment(f.Applied), Failures: f.Failures,
		Version: f.Stamp.String(), CreatedAt: instant(f.CreatedAt), UpdatedAt: instant(f.UpdatedAt),
	}
	if f.Header != (intake.Header{}) {
		out.Header = &wire.FeedHeader{Name: f.Header.Name, Value: intake.Masked}
	}
	if f.URL != "" && f.Enabled {
		out.DueAt = moment(f.Due)
	}
	if since, missing := f.MissingSince(s.Clock.Now()); missing {
		out.MissingSince = moment(since)
	}
	if !f.State.Run.IsZero() {
		out.RunningID = f.State.Run.Text(feedRunID)
	}
	if !f.Held.Run.IsZero() {
		out.HeldID = f.Held.Run.Text(feedRunID)
	}
	return out
}

// showRun answers with a run; 202 while it is not done.
func showRun(r *intake.Run, err error) (*feedRunOut, error) {
	if err != nil {
		return nil, err
	}
	out := &feedRunOut{Status: http.StatusOK, Body: feedRun(r)}
	if r.Outcome == intake.Running {
		out.Status = http.StatusAccepted
	}
	return out, nil
}

func feedRun(r *intake.Run) wire.FeedRun {
	out := wire.FeedRun{
		ID: r.ID.Text(feedRunID), Partner: r.Partner, Trigger: r.Trigger.String(), Actor: r.Actor, Outcome: r.Outcome.String(), DryRun: r.DryRun,
		Version: r.Stamp.String(), Bytes: r.Bytes, Added: r.Added, Changed: r.Changed, Removed: r.Removed, Untouched: r.Untouched, Stale: r.Stale,
		Refused: r.Refused, Remarks: make([]wire.FeedRemark, len(r.Remarks)), Code: r.Code, Message: r.Message, Waiting: r.Kept,
		StartedAt: instant(r.Started), EndedAt: moment(r.Ended),
	}
	if !r.Of.IsZero() {
		out.HeldID = r.Of.Text(feedRunID)
	}
	for i, m := range r.Remarks {
		out.Remarks[i] = wire.FeedRemark{File: m.File, Line: m.Line, Warning: m.Warning, Code: m.Code, Message: m.Message}
	}
	return out
}
