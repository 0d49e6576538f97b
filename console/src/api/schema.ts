// Generated from openapi.json by `npm run api`; do not edit.

export interface AckBody {
  note: string;
}

export interface AlertDetail {
  fingerprint: string;
  kind: "correlation" | "health" | "radio" | "web";
  level: "critical" | "high" | "low" | "medium";
  labels: Record<string, string>;
  annotations: Record<string, string>;
  starts_at: string;
  updated_at: string;
  ends_at: string | null;
  firing: boolean;
  count: number;
  venue: string | null;
  drill: boolean;
  experimental: boolean;
  rules: RuleView[];
  why: ReasonView[];
  event: Record<string, unknown>;
  evidence: EvidenceRef[];
  history: (Record<string, unknown>)[];
  case: CaseBrief | null;
  acked_by: string | null;
  acked_at: string | null;
  events: (Record<string, unknown>)[];
}

export interface AlertPage {
  alerts: AlertView[];
  next_cursor: string | null;
  total: number;
  more: boolean;
  live_id: number;
}

export interface AlertStepsBody {
  fingerprints: string[];
  action: "acknowledge" | "arrive" | "check" | "claim" | "close" | "finish" | "judge" | "note" | "notify" | "release" | "reopen" | "review" | "seal" | "task" | "task-done" | "transfer" | "triage" | "uncheck" | "verify";
  verdict: "benign" | "confirmed" | "rumour" | "scam" | "suspected" | null;
  department: string | null;
  text: string;
}

export interface AlertView {
  fingerprint: string;
  kind: "correlation" | "health" | "radio" | "web";
  level: "critical" | "high" | "low" | "medium";
  labels: Record<string, string>;
  annotations: Record<string, string>;
  starts_at: string;
  updated_at: string;
  ends_at: string | null;
  firing: boolean;
  count: number;
  venue: string | null;
  drill: boolean;
  experimental: boolean;
  rules: RuleView[];
  why: ReasonView[];
  event: Record<string, unknown>;
  evidence: EvidenceRef[];
  history: (Record<string, unknown>)[];
  case: CaseBrief | null;
  acked_by: string | null;
  acked_at: string | null;
}

export interface AlertsBody {
  fingerprints: string[];
}

export interface AreaView {
  status: string;
  en: string;
  zh: string;
  strongest: string | null;
  levels: SensorLevel[];
  confidence: number | null;
  area_m2: number | null;
  area: Record<string, unknown>;
  cautions_en: string[];
  cautions_zh: string[];
}

export interface AuditEntryView {
  seq: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  body: Record<string, unknown>;
}

export interface AuditPage {
  entries: AuditEntryView[];
  next_before: number | null;
}

export interface BandCoverage {
  low_hz: number;
  high_hz: number;
  revisit_s: number | null;
  intercept_100ms: number | null;
  intercept_1s: number | null;
  intercept_5s: number | null;
}

export interface BandPlanRow {
  low_hz: number;
  high_hz: number;
  service: string;
  service_en: string;
  service_zh: string;
  weight: number;
  narrower_than_hz: number | null;
  longer_than_s: number | null;
  usual_width_hz: number | null;
  usual_modulation: string[];
  decoding: boolean;
}

export interface BandPlanView {
  rows: BandPlanRow[];
}

export interface BandView {
  low_hz: number;
  high_hz: number;
}

export interface BlindSpot {
  en: string;
  zh: string;
}

export interface BookItemView {
  id: string;
  en: string;
  zh: string;
}

export interface BookView {
  id: string;
  title: Record<string, string>;
  steps: BookItemView[];
}

export interface BoxView {
  text: string;
  confidence: number;
  corners_px: number[];
  start: number | null;
  end: number | null;
}

export interface CaseBrief {
  id: string;
  state: string;
  verdict: string | null;
  owner: string | null;
  lease_until: string | null;
  version: number;
}

export interface CaseDetail {
  id: string;
  kind: string;
  title: Record<string, string>;
  level: "critical" | "high" | "low" | "medium";
  venue: string | null;
  drill: boolean;
  department: string;
  state: "acknowledged" | "benign" | "claimed" | "closed" | "confirmed" | "found" | "lost" | "merged" | "new" | "notified" | "on-scene" | "reviewed" | "rumour" | "scam" | "sealed" | "stopped" | "suspected" | "transferred" | "triaged" | "verifying";
  verdict: "benign" | "confirmed" | "rumour" | "scam" | "suspected" | null;
  outcome: "found" | "lost" | "stopped" | null;
  owner: string | null;
  lease_until: string | null;
  confirmed_by: string[];
  judged_at: string | null;
  judged_by: string | null;
  notified_at: string | null;
  told: string[];
  opened_at: string;
  updated_at: string;
  closed_at: string | null;
  due_at: string | null;
  tasks: TaskView[];
  checks: string[];
  merged_into: string | null;
  version: number;
  alerts: string[];
  events: CaseEventView[];
  related: string[];
  book: BookView | null;
  possible: ("acknowledge" | "arrive" | "check" | "claim" | "close" | "finish" | "judge" | "note" | "notify" | "release" | "reopen" | "review" | "seal" | "task" | "task-done" | "transfer" | "triage" | "uncheck" | "verify")[];
}

export interface CaseEventView {
  seq: number;
  at: string;
  actor: string;
  action: string;
  body: Record<string, unknown>;
}

export interface CasePage {
  cases: CaseView[];
  next_cursor: string | null;
  total: number;
  more: boolean;
}

export interface CaseView {
  id: string;
  kind: string;
  title: Record<string, string>;
  level: "critical" | "high" | "low" | "medium";
  venue: string | null;
  drill: boolean;
  department: string;
  state: "acknowledged" | "benign" | "claimed" | "closed" | "confirmed" | "found" | "lost" | "merged" | "new" | "notified" | "on-scene" | "reviewed" | "rumour" | "scam" | "sealed" | "stopped" | "suspected" | "transferred" | "triaged" | "verifying";
  verdict: "benign" | "confirmed" | "rumour" | "scam" | "suspected" | null;
  outcome: "found" | "lost" | "stopped" | null;
  owner: string | null;
  lease_until: string | null;
  confirmed_by: string[];
  judged_at: string | null;
  judged_by: string | null;
  notified_at: string | null;
  told: string[];
  opened_at: string;
  updated_at: string;
  closed_at: string | null;
  due_at: string | null;
  tasks: TaskView[];
  checks: string[];
  merged_into: string | null;
  version: number;
  alerts: string[];
}

export interface ChangedCell {
  day: string;
  venue: string;
  rule: string;
  n_before: number;
  n_after: number;
  n_gained: number;
  n_lost: number;
}

export interface ComparisonView {
  n_before: number;
  n_after: number;
  n_gained: number;
  n_lost: number;
  cells: ChangedCell[];
  before: JudgedView;
  after: JudgedView;
  moved: MovedView[];
  reach: ReachView;
}

export interface CoverageView {
  watched: SensorCoverage[];
  unwatched: VenueUnwatched[];
  blind: BlindSpot[];
}

export interface CurveBody {
  text: string;
  selection: string;
  field: string;
}

export interface CurvePoint {
  threshold: number;
  n_alerts: number;
  alerts_per_day: number;
  recall: number | null;
  n_false: number;
}

export interface CurveView {
  modifier: string;
  current: number;
  points: CurvePoint[];
  reach: ReachView;
}

export interface DefaultViewBody {
  page: "cases" | "review";
  view: string | null;
}

export interface DepartmentDuty {
  id: string;
  name: Record<string, string>;
  people: OnDutyPerson[];
  since: string | null;
  until: string | null;
  handover: HandoverView | null;
  open_cases: string[];
}

export interface DepartmentView {
  id: string;
  en: string;
  zh: string;
}

export interface DeskView {
  departments: DepartmentView[];
  persons_to_confirm: number;
  lease_s: number;
  books: BookView[];
}

export interface DiskView {
  path: string;
  total_bytes: number;
  free_bytes: number;
}

export interface DocumentLine {
  id: string;
  url: string;
  title: string;
  n_chars: number;
  version: number;
  published_at: string | null;
  first_seen_at: string;
  fetched_at: string;
}

export interface DutyView {
  departments: DepartmentDuty[];
  roster: OnDutyPerson[];
  unseen: EscalationView[];
}

export interface EditionView {
  number: number;
  author: string;
  digest: string;
  n_rules: number;
  n_exceptions: number;
  venues: string[];
}

export interface EnrolBody {
  key: string;
  csr: string;
  signature: string;
}

export interface EnrolView {
  told: string;
  signature: string;
}

export interface EscalationView {
  id: string;
  alert: string;
  started_at: string;
  n_done: number;
  n_steps: number;
  next_at: string | null;
  next_to: string[];
}

export interface EvidenceRef {
  digest: string;
  media_type: string;
  role: string;
}

export interface ExceptionLine {
  id: string;
  n_alerts: number;
  n_recent: number;
  rules: string[];
}

export interface ExceptionView {
  id: string;
  kind: string;
  reason: string;
  author: string;
  expires_at: string;
  rules: string[];
  venues: string[];
}

export interface ExceptionsCheck {
  faults: string[];
  lines: ExceptionLine[];
  reach: ReachView | null;
}

export interface ExceptionsView {
  exceptions: ExceptionView[];
  written: string | null;
  file: string | null;
  digest: string | null;
  writable: boolean;
}

export interface FieldTables {
  radio: FieldView[];
  web: FieldView[];
}

export interface FieldView {
  name: string;
  type: string;
  unit: string;
  en: string;
  zh: string;
}

export interface FleetView {
  nodes: NodeView[];
  venues: VenueName[];
  has_register: boolean;
  stages: number[];
  soak_s: number;
  releases: ReleaseView[];
}

export interface HandoverBody {
  department: string;
  to: string;
  note: string;
}

export interface HandoverPage {
  handovers: HandoverView[];
}

export interface HandoverView {
  id: string;
  at: string;
  department: string;
  by: string;
  to: string;
  note: string;
  n_cases: number;
  n_unseen: number;
  cases: string[];
  unseen: string[];
}

export interface HealthView {
  status: "degraded" | "ok";
  version: string;
  started_at: string;
  now: string;
  sensors: SensorHealth[];
  sources: SourceHealth[];
  queue: QueueHealth;
  sessions: SessionClock[];
  venues: VenueName[];
}

export interface HoldingView {
  kind: string;
  kept_days: number;
  n: number;
  oldest_at: string | null;
}

export interface InviteBody {
  node: string;
  venue: string;
  hours: number;
}

export interface InvitedView {
  node: string;
  venue: string;
  code: string;
  expires_at: string;
}

export interface JudgedView {
  n_positive: number;
  n_found: number;
  n_negative: number;
  n_false: number;
}

export interface LeftView {
  name: string;
  url: string | null;
}

export interface LevelCount {
  level: "critical" | "high" | "low" | "medium";
  n: number;
  oldest_at: string | null;
}

export interface LimitView {
  selection: string;
  field: string;
  modifier: string;
  value: number;
  line: number;
}

export interface LivenessView {
  status: "degraded" | "ok";
}

export interface LoginBody {
  name: string;
  password: string;
}

export interface LoginOffers {
  local: boolean;
  oidc: OidcOffer | null;
}

export interface MapPlan {
  corners: ([number, number])[];
}

export interface MapSensor {
  id: string;
  venue: string | null;
  lat: number | null;
  lon: number | null;
}

export interface MapVenue {
  id: string;
  name_en: string;
  name_zh: string;
  lat: number | null;
  lon: number | null;
}

export interface MapView {
  plan: MapPlan | null;
  outlines: Record<string, unknown>;
  venues: MapVenue[];
  sensors: MapSensor[];
}

export interface MergeBody {
  case: string;
}

export interface MomentView {
  state: "broken" | "gone" | "kept" | "none";
  low_hz: number;
  bin_hz: number;
  mean: number[];
  max: number[];
  band_low_hz: number;
  band_high_hz: number;
  seconds: number;
  survey: "broken" | "elsewhere" | "none" | "not-there" | "there";
  template: TemplateView | null;
  over_median_db: number | null;
  over_max_db: number | null;
  at_hz: number | null;
}

export interface MovedView {
  gained: boolean;
  rule: string;
  n_members: number;
  at: string;
  venue: string | null;
  fingerprint: string;
  verdict: string | null;
  title: string;
  center_hz: number | null;
  snr_db: number | null;
}

export interface NamedPersonView {
  attachment: string;
  name: string | null;
  seat: string | null;
  number: string | null;
  seen_at: string;
}

export interface NewPersonBody {
  name: string;
  role: "administrator" | "analyst" | "auditor" | "operator" | "radio" | "supervisor";
}

export interface NewViewBody {
  page: "cases" | "review";
  name: string;
  query: string;
  shared: boolean;
}

export interface NextBody {
  kinds: ("correlation" | "radio" | "web")[];
}

export interface NextView {
  case: CaseView | null;
}

export interface NodeView {
  node: string;
  venue: string | null;
  role: string | null;
  state: "enrolled" | "expired" | "invited" | "linked" | "revoked";
  needs: ("clock" | "cloned" | "ended" | "ending" | "never-seen" | "outbox" | "refused" | "silent" | "unwell")[];
  invited_by: string | null;
  expires_at: string | null;
  enrolled_at: string | null;
  last_seen: string | null;
  certificate_ends_at: string | null;
  revoked_at: string | null;
  revoked_by: string | null;
  reason: string | null;
  software: string | null;
  release: number | null;
  refused: number | null;
  refused_why: string | null;
  health: string | null;
  problem: string | null;
  clock_offset_s: number | null;
  cloned_at: string | null;
  outbox: OutboxView | null;
}

export interface Note {
  code: string;
  en: string;
  zh: string;
}

export interface NoticeView {
  id: string;
  receiver: string;
  reason: string;
  state: string;
  title: string;
  n_attempts: number;
  maybe_repeated: boolean;
  created_at: string;
  sent_at: string | null;
  error: string | null;
}

export interface NoticesView {
  notices: NoticeView[];
}

export interface OidcBody {
  to: string;
}

export interface OidcOffer {
  en: string;
  zh: string;
  address: string;
}

export interface OidcStart {
  url: string;
}

export interface OnDutyPerson {
  id: string;
  name: Record<string, string>;
}

export interface OutboxView {
  n_waiting: number;
  n_bytes: number;
  max_bytes: number;
  n_dropped: number;
  n_refused: number;
  n_evidence: number;
}

export interface PasswordBody {
  old: string;
  new: string;
}

export interface PastView {
  start: string;
  step_s: number;
  low_hz: number;
  bin_hz: number;
  n_rows: number;
  n_bins: number;
  code_1_db: number;
  step_db: number;
  mean: string;
  max: string;
}

export interface PeopleView {
  people: PersonView[];
}

export interface PersonChange {
  role: "administrator" | "analyst" | "auditor" | "operator" | "radio" | "supervisor" | null;
  disabled: boolean | null;
  new_password: boolean;
  scope: ScopeBody | null;
}

export interface PersonView {
  name: string;
  role: "administrator" | "analyst" | "auditor" | "operator" | "radio" | "supervisor";
  disabled: boolean;
  must_change: boolean;
  created_at: string;
  venues: string[] | null;
  department: string | null;
  issuer: string | null;
  one_time_password: string | null;
}

export interface PersonalView {
  people: NamedPersonView[];
}

export interface PhotoView {
  digest: string;
  role: string;
  state: "dropped" | "gone" | "kept";
  why_dropped: string | null;
  media_type: string;
  n_bytes: number | null;
  width_px: number | null;
  height_px: number | null;
  n_quarters: number;
  version: number | null;
  is_newest: boolean;
  boxes: BoxView[];
  n_boxes_dropped: number;
}

export interface PhotosView {
  photos: PhotoView[];
}

export interface ProblemView {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
}

export interface QueueHealth {
  n_waiting: number;
  oldest_s: number;
  n_dropped: Record<string, number>;
}

export interface ReachView {
  n_events: number;
  cut: boolean;
  first_at: string | null;
  last_at: string | null;
}

export interface ReasonView {
  selection: string;
  field: string;
  modifier: string;
  expected: unknown;
  actual: unknown;
  spans: ([number, number])[];
  text: string;
  text_zh: string;
  rule: string;
}

export interface ReceiverState {
  id: string;
  failing_since: string | null;
  error: string | null;
}

export interface ReleaseView {
  serial: number;
  made_by: string;
  made_at: string;
  note: string;
  content: string;
  state: "done" | "rolled-back" | "running";
  stage: number;
  stage_at: string;
  share: number;
  n_offered: number;
  n_sound: number;
  failing: string[];
  why: string;
  steps: StepView[];
}

export interface RemovalBody {
  was: string;
  reason: string;
  venues: string[];
}

export interface RemovalView {
  rule: string;
  reason: string;
}

export interface RenewBody {
  node: string;
  csr: string;
  signature: string;
}

export interface ReportBody {
  node: string;
  report: string;
  signature: string;
}

export interface ReportView {
  now: string;
  wanted: number;
  bundle: string | null;
}

export interface RetentionView {
  kinds: HoldingView[];
}

export interface RevokeBody {
  reason: string;
}

export interface RevokedView {
  node: string;
  is_cut_off: boolean;
}

export interface RuleCheck {
  faults: string[];
  id: string | null;
  samples: SampleResult[];
  limits: LimitView[];
}

export interface RuleLine {
  id: string;
  kind: string;
  level: "critical" | "high" | "low" | "medium";
  category: string;
  title_en: string;
  title_zh: string;
  experimental: boolean;
  owner: string;
  version: number;
  tags: string[];
  n_alerts: number;
  limit: number | null;
  measured: number | null;
  over_en: string;
  over_zh: string;
}

export interface RuleSchema {
  json_schema: Record<string, unknown>;
}

export interface RuleSource {
  id: string;
  text: string;
  written: string | null;
  file: string | null;
  digest: string | null;
  writable: boolean;
}

export interface RuleTextBody {
  text: string;
}

export interface RuleView {
  rule: string;
  level: "critical" | "high" | "low" | "medium";
  category: string;
  experimental: boolean;
  texts: Record<string, string>;
  at: string;
}

export interface RulesView {
  edition: EditionView;
  trial: EditionView | null;
  removal: RemovalView | null;
  history: EditionView[];
  faults: string[];
  rules: RuleLine[];
  venues: string[];
}

export interface SampleResult {
  line: number;
  fires: boolean;
  note: string;
  holds: boolean;
}

export interface SaveBody {
  text: string;
  was: string | null;
  venues: string[];
}

export interface SavedViewView {
  id: string;
  page: "cases" | "review";
  name: string;
  query: string;
  shared: boolean;
  owner: string;
  mine: boolean;
  is_default: boolean;
}

export interface SavedViewsView {
  views: SavedViewView[];
}

export interface ScopeBody {
  venues: string[] | null;
  department: string | null;
}

export interface SelectorBody {
  url: string;
  post: Record<string, string>;
  listing: Record<string, string>;
  source: string | null;
  stored: boolean;
}

export interface SensorCoverage {
  sensor: string;
  venue: string | null;
  listening: boolean;
  low_hz: number;
  high_hz: number;
  revisit_s: number | null;
  intercept_100ms: number | null;
  intercept_1s: number | null;
  intercept_5s: number | null;
  service_en: string;
  service_zh: string;
  weight: number | null;
}

export interface SensorHealth {
  id: string;
  state: "ended" | "failed" | "ok" | "silent" | "starting";
  venue: string | null;
  last_seen_at: string | null;
  error: string | null;
  n_emissions: number;
  n_dropped: number;
  n_samples_lost: number;
  bands: BandCoverage[];
  unwatched: BandView[];
  notes: Note[];
  stare: StareView | null;
}

export interface SensorLevel {
  sensor: string;
  level_db: number;
  n_read: number;
  lat: number | null;
  lon: number | null;
}

export interface SessionClock {
  exam: string;
  session: string;
  starts_at: string;
  ends_at: string;
  phase: "after" | "before" | "in" | "none";
  venues: string[];
  exam_en: string;
  exam_zh: string;
  session_en: string;
  session_zh: string;
}

export interface SessionView {
  name: string;
  role: "administrator" | "analyst" | "auditor" | "operator" | "radio" | "supervisor";
  permissions: ("alerts" | "audit" | "cases" | "evidence" | "health" | "listen" | "machines" | "metrics" | "personal" | "review" | "rules" | "silence" | "spectrum" | "stare" | "supervise" | "tokens" | "tune-rules" | "users")[];
  must_change: boolean;
  csrf: string;
  expires_at: string | null;
  venues: string[] | null;
  department: string | null;
}

export interface SilenceBody {
  matchers: string[];
  reason: string;
  ends_at: string | null;
  try_only: boolean;
}

export interface SilenceView {
  id: string;
  matchers: string[];
  reason: string;
  author: string;
  starts_at: string;
  ends_at: string;
  barred: "author" | "department" | "role" | "venues" | null;
}

export interface SilencedView {
  silence: SilenceView | null;
  n_hidden: number;
}

export interface SilencesView {
  silences: SilenceView[];
}

export interface SourceHealth {
  id: string;
  state: "elsewhere" | "failed" | "ok" | "silent" | "starting";
  kind: string;
  last_ok_at: string | null;
  next_at: string | null;
  error: string | null;
  n_failures: number;
  n_documents: number;
}

export interface SourceView {
  id: string;
  addresses: string[];
  post: Record<string, string>;
  listing: Record<string, string>;
  documents: DocumentLine[];
}

export interface StareBody {
  center_hz: number;
  seconds: number;
  reason: string;
}

export interface StareView {
  center_hz: number;
  until: string;
  by: string;
  reason: string;
}

export interface StaringView {
  stare: StareView | null;
}

export interface StepBody {
  action: "acknowledge" | "arrive" | "check" | "claim" | "close" | "finish" | "judge" | "note" | "notify" | "release" | "reopen" | "review" | "seal" | "task" | "task-done" | "transfer" | "triage" | "uncheck" | "verify";
  verdict: "benign" | "confirmed" | "rumour" | "scam" | "suspected" | null;
  outcome: "found" | "lost" | "stopped" | null;
  department: string | null;
  text: string;
  due_at: string | null;
  item: string | null;
  version: number | null;
}

export interface StepDone {
  fingerprint: string;
  case: CaseView | null;
  error: string | null;
  code: string | null;
}

export interface StepView {
  at: string;
  stage: number;
  state: "done" | "rolled-back" | "running";
  n_sound: number;
  failing: string[];
  by: string;
}

export interface StepsDone {
  done: StepDone[];
}

export interface SurveyView {
  template: TemplateView | null;
}

export interface SystemView {
  version: string;
  started_at: string;
  disk: DiskView | null;
  queue: QueueHealth;
  receivers: ReceiverState[];
  logins: boolean;
}

export interface TakenPost {
  key: string;
  title: string;
  text: string;
  n_chars: number;
  author: string | null;
  published_at: string | null;
  url: string;
  n_files: number;
}

export interface TakenThread {
  url: string;
  mark: string;
}

export interface TaskView {
  id: number;
  text: string;
  due_at: string | null;
  done_by: string | null;
  done_at: string | null;
}

export interface TemplateView {
  surveyed_at: string;
  hour: number;
  low_hz: number;
  bin_hz: number;
  p50: (number | null)[];
  p90: (number | null)[];
  max: (number | null)[];
  settings_differ: string[];
}

export interface TipLine {
  id: string;
  received_at: string;
  via: string;
  exam: string;
  place: string;
  has_link: boolean;
  n_files: number;
  n_chars: number;
  taken: boolean;
}

export interface TipView {
  id: string;
  received_at: string;
  text: string;
  link: string;
  exam: string;
  place: string;
  files: string[];
}

export interface TipsView {
  tips: TipLine[];
}

export interface TokenBody {
  name: string;
  permissions: ("alerts" | "audit" | "cases" | "evidence" | "health" | "listen" | "machines" | "metrics" | "personal" | "review" | "rules" | "silence" | "spectrum" | "stare" | "supervise" | "tokens" | "tune-rules" | "users")[];
  days: number;
  note: string;
}

export interface TokenView {
  id: string;
  name: string;
  note: string;
  permissions: ("alerts" | "audit" | "cases" | "evidence" | "health" | "listen" | "machines" | "metrics" | "personal" | "review" | "rules" | "silence" | "spectrum" | "stare" | "supervise" | "tokens" | "tune-rules" | "users")[];
  created_at: string;
  expires_at: string;
  token: string | null;
}

export interface TokensView {
  tokens: TokenView[];
}

export interface TopicView {
  category: string;
  exam: string;
  place: string;
  hot: boolean;
  counts: number[];
}

export interface TopicsView {
  begins_at: string;
  bucket_s: number;
  topics: TopicView[];
}

export interface TriedView {
  url: string;
  fetched_at: string | null;
  n_bytes: number;
  n_posts: number;
  posts: TakenPost[];
  n_threads: number;
  threads: TakenThread[];
  next_url: string | null;
}

export interface VenueName {
  id: string;
  name_en: string;
  name_zh: string;
}

export interface VenueUnwatched {
  venue: string | null;
  low_hz: number;
  high_hz: number;
}

export interface VenuesBody {
  venues: string[];
}

export interface ViewChangeBody {
  name: string | null;
  query: string | null;
  shared: boolean | null;
  place: number | null;
}

export interface WallAlert {
  fingerprint: string;
  kind: "correlation" | "health" | "radio" | "web";
  level: "critical" | "high" | "low" | "medium";
  title_en: string;
  title_zh: string;
  venue: string | null;
  updated_at: string;
  firing: boolean;
  drill: boolean;
  judged: boolean;
}

export interface WallView {
  levels: LevelCount[];
  newest: WallAlert[];
  n_open_cases: number;
  n_late_cases: number;
}
