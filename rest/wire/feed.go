package wire

// FeedRequest makes a feed or replaces all that can be written of one.
type FeedRequest struct {
	SupplierID        string      `json:"supplier_id,omitempty" pattern:"^sup_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"a sup_ id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Whose timetable it brings. Staff of a supplier may leave it out."`
	Format            string      `json:"format" minLength:"1" maxLength:"40" example:"gtfs" doc:"How the file is written; the server knows some formats by name."`
	URL               string      `json:"url,omitempty" maxLength:"2000" example:"https://partner.example/timetable.zip" doc:"Where it is fetched: http or https. Left out: it is only pushed."`
	EverySeconds      *int        `json:"every_seconds,omitempty" minimum:"60" maximum:"2678400" example:"3600" doc:"How often it is fetched, or expected; an hour if left out."`
	JitterSeconds     *int        `json:"jitter_seconds,omitempty" minimum:"0" maximum:"2678400" example:"3600" doc:"Over how much of the interval fetching is spread, so that not all come at once; the whole interval if left out, 0 for on the dot."`
	MaxRemovedPercent *float64    `json:"max_removed_percent,omitempty" minimum:"0" maximum:"100" multipleOf:"0.01" example:"20" doc:"Share of what is there that a file may remove; one that would remove more is held for a human. 20 if left out."`
	ShiftWeeks        int         `json:"shift_weeks,omitzero" minimum:"-5000" maximum:"5000" example:"52" doc:"Moves all dates by whole weeks, so that an old timetable can be sold."`
	Enabled           *bool       `json:"enabled,omitempty" example:"true" doc:"false: neither fetched nor taken; true if left out."`
	Header            *FeedHeader `json:"header,omitempty" doc:"A header with your credentials, sent when it is fetched."`
}

// FeedHeader is a header of a request.
type FeedHeader struct {
	Name  string `json:"name" minLength:"1" maxLength:"64" example:"X-Api-Key" doc:"Its name."`
	Value string `json:"value" minLength:"1" maxLength:"4000" example:"********" doc:"Its value. It is never shown again: ******** stands for it, and sent back means that it stays."`
}

// Feed is how a partner's file comes here, and how it stands.
type Feed struct {
	Partner           string      `json:"partner" example:"nordbahn" doc:"Short name of the partner."`
	SupplierID        string      `json:"supplier_id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Whose timetable it brings."`
	Format            string      `json:"format" example:"gtfs" doc:"How the file is written."`
	URL               string      `json:"url,omitempty" example:"https://partner.example/timetable.zip" doc:"Where it is fetched; left out when it is only pushed."`
	EverySeconds      int         `json:"every_seconds" example:"3600" doc:"How often it is fetched, or expected."`
	JitterSeconds     int         `json:"jitter_seconds" example:"3600" doc:"Over how much of the interval fetching is spread."`
	MaxRemovedPercent float64     `json:"max_removed_percent" example:"20" doc:"Share of what is there that a file may remove without being held."`
	ShiftWeeks        int         `json:"shift_weeks" example:"0" doc:"By how many weeks all dates are moved."`
	Enabled           bool        `json:"enabled" example:"true" doc:"Whether it is fetched and taken."`
	Header            *FeedHeader `json:"header,omitempty" doc:"The header with credentials, its value masked."`
	DueAt             *string     `json:"due_at" format:"date-time" example:"2026-11-22T10:17:00Z" doc:"When it is fetched next; null when it is only pushed or not enabled."`
	ReceivedAt        *string     `json:"received_at" format:"date-time" example:"2026-11-22T09:17:00Z" doc:"When something usable came last, changed or not; null: never."`
	AppliedAt         *string     `json:"applied_at" format:"date-time" example:"2026-11-22T09:17:00Z" doc:"When something changed last; null: never."`
	MissingSince      *string     `json:"missing_since" format:"date-time" example:"2026-11-22T09:17:00Z" doc:"When something should have come and did not; null while all is well."`
	Failures          int         `json:"failures" example:"0" doc:"Fetches that failed in a row."`
	Version           string      `json:"version" example:"42 2026-11-22T09:00:00Z" doc:"Version of the newest delivery applied; empty: none."`
	RunningID         string      `json:"running_id,omitempty" example:"fdr_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The run that works on it now."`
	HeldID            string      `json:"held_id,omitempty" example:"fdr_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The run whose delivery waits for a human."`
	CreatedAt         string      `json:"created_at" format:"date-time" example:"2026-11-22T09:00:00Z" doc:"When it was made."`
	UpdatedAt         string      `json:"updated_at" format:"date-time" example:"2026-11-22T09:00:00Z" doc:"When it was last changed."`
}

// FeedList is a page of feeds.
type FeedList struct {
	Feeds []Feed  `json:"feeds" doc:"By partner."`
	Next  *string `json:"next" example:"bm9yZGJhaG4" doc:"Cursor of the next page for the parameter after; null at the end."`
}

// FeedRun is one attempt to take what a feed brings.
type FeedRun struct {
	ID        string       `json:"id" example:"fdr_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the run."`
	Partner   string       `json:"partner" example:"nordbahn" doc:"Short name of the partner."`
	Trigger   string       `json:"trigger" enum:"scheduled,asked,pushed,approved" example:"pushed" doc:"What began it: its time came, staff asked, the partner sent it, or staff approved what was held."`
	Actor     string       `json:"actor,omitempty" example:"staff-1" doc:"Who began it; left out for the schedule."`
	Outcome   string       `json:"outcome" enum:"running,applied,unchanged,stale,held,refused,failed,discarded" example:"applied" doc:"running: not done yet. applied: something is different now. unchanged: the same as what is there. stale: older than what was applied. held: would remove too much; waits for a human. refused: cannot be used. failed: not received, or not applied for a reason that may pass. discarded: was held and not wanted."`
	DryRun    bool         `json:"dry_run" example:"false" doc:"Nothing was to be changed: outcome and counts are what would have come of it."`
	Version   string       `json:"version" example:"42 2026-11-22T09:00:00Z" doc:"Version of the delivery."`
	Bytes     int64        `json:"bytes" example:"184320" doc:"Received."`
	Added     int64        `json:"added" example:"12" doc:"Trains or departures that are new."`
	Changed   int64        `json:"changed" example:"3" doc:"That are different."`
	Removed   int64        `json:"removed" example:"1" doc:"That are gone."`
	Untouched int64        `json:"untouched" example:"980" doc:"That are the same."`
	Stale     int64        `json:"stale" example:"0" doc:"Left alone because something newer is known of them."`
	Refused   int64        `json:"refused" example:"0" doc:"Lines that could not be read."`
	Remarks   []FeedRemark `json:"remarks" doc:"The first ones about lines of the file."`
	Code      string       `json:"code,omitempty" example:"too_much_removed" doc:"Why it did not apply; stable. Left out if it did."`
	Message   string       `json:"message,omitempty" example:"The file would remove 61 % of what is there." doc:"The same for people."`
	HeldID    string       `json:"held_id,omitempty" example:"fdr_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Of an approved one: the run that was held."`
	Waiting   bool         `json:"waiting" example:"false" doc:"The delivery can be approved or discarded."`
	StartedAt string       `json:"started_at" format:"date-time" example:"2026-11-22T09:17:00Z" doc:"When it began."`
	EndedAt   *string      `json:"ended_at" format:"date-time" example:"2026-11-22T09:17:04Z" doc:"When it ended; null while it runs."`
}

// FeedRemark is about one line of a file.
type FeedRemark struct {
	File    string `json:"file,omitempty" example:"stop_times.txt" doc:"File of the delivery, where it has several."`
	Line    int    `json:"line" example:"112" doc:"Line, the first is 1; 0: the file as a whole."`
	Warning bool   `json:"warning" example:"false" doc:"The line was read all the same; the message says what was assumed."`
	Code    string `json:"code" example:"time_invalid" doc:"What is wrong; stable."`
	Message string `json:"message" example:"The time \"25:99:00\" cannot be read." doc:"The same for people."`
}

// FeedRunList is a page of runs.
type FeedRunList struct {
	Runs []FeedRun `json:"runs" doc:"Newest first."`
	Next *string   `json:"next" example:"AZVqv8XpI4uKr5oOnsfTLw" doc:"Cursor of the next page for the parameter after; null at the end."`
}
