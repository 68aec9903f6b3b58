PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE hosts (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  url TEXT NOT NULL,
  name TEXT,
  kind TEXT NOT NULL,
  server_version TEXT,
  identity TEXT,
  document TEXT NOT NULL
);
INSERT INTO "hosts" VALUES('0123abcd-0000-4000-8000-000000000000','http://192.168.1.20:11434',NULL,'ollama','0.33.0',NULL,'{"url":"http://192.168.1.20:11434","kind":"ollama","version":"0.33.0","via":["scan"],"addresses":["192.168.1.20"],"name":null,"identity":null,"names":[]}');
INSERT INTO "hosts" VALUES('0123abcd-0000-4000-8000-000000000000','http://rack.example:8080',NULL,'ollama','0.33.0',NULL,'{"url":"http://rack.example:8080","kind":"ollama","version":"0.33.0","via":["scan"],"addresses":["192.168.1.20"],"name":null,"identity":null,"names":[]}');
CREATE TABLE items (
  run_id TEXT NOT NULL,
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  variant TEXT NOT NULL DEFAULT '',
  number INTEGER NOT NULL,
  item TEXT NOT NULL,
  area TEXT NOT NULL,
  family TEXT NOT NULL,
  level INTEGER NOT NULL,
  place INTEGER,
  counted INTEGER NOT NULL,
  status TEXT NOT NULL,
  score REAL NOT NULL,
  strict REAL NOT NULL,
  seconds REAL NOT NULL,
  output_tokens INTEGER,
  document TEXT NOT NULL,
  FOREIGN KEY (run_id, host, model, variant)
    REFERENCES quality_records (run_id, host, model, variant) ON DELETE CASCADE
);
INSERT INTO "items" VALUES('0123abcd-0000-4000-8000-000000000000','http://192.168.1.20:11434','llama3.1:8b','',0,'facts.capital:2:0','facts','facts.capital',2,0,1,'graded',1.0,1.0,0.5,3,'{"item":"facts.capital:2:0","area":"facts","family":"facts.capital","level":2,"chance":0.0,"weight":1.0,"twin":null,"place":0,"answers":[{"content":"Paris","thinking_characters":0,"tool_calls":[],"done_reason":null,"first_content_ns":null,"ended_ns":500000000,"load_ns":null,"prompt_tokens":null,"output_tokens":3}],"grade":{"score":1.0,"strict":1.0,"extracted":"Paris","why":"it is","status":"graded","failure":null},"is_counted":true,"at_once":1}');
INSERT INTO "items" VALUES('0123abcd-0000-4000-8000-000000000000','http://192.168.1.20:11434','llama3.1:8b','',1,'facts.capital:2:1','facts','facts.capital',2,1,1,'graded',1.0,1.0,0.5,3,'{"item":"facts.capital:2:1","area":"facts","family":"facts.capital","level":2,"chance":0.0,"weight":1.0,"twin":null,"place":1,"answers":[{"content":"Paris","thinking_characters":0,"tool_calls":[],"done_reason":null,"first_content_ns":null,"ended_ns":500000000,"load_ns":null,"prompt_tokens":null,"output_tokens":3}],"grade":{"score":1.0,"strict":1.0,"extracted":"Paris","why":"it is","status":"graded","failure":null},"is_counted":true,"at_once":1}');
CREATE TABLE models (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT,
  format TEXT,
  quantization TEXT,
  parameter_size TEXT,
  family TEXT,
  kind TEXT NOT NULL,
  size_bytes INTEGER,
  context_length INTEGER,
  document TEXT NOT NULL
);
INSERT INTO "models" VALUES('0123abcd-0000-4000-8000-000000000000','http://192.168.1.20:11434','llama3.1:8b','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',NULL,'Q4_K_M','8.0B','llama','chat',4600000000,131072,'{"host":"http://192.168.1.20:11434","name":"llama3.1:8b","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","size_bytes":4600000000,"parameter_size":"8.0B","quantization":"Q4_K_M","family":"llama","capabilities":["completion","tools"],"context_length":131072,"kind":"chat","license":null,"format":null,"drafts":null,"aliases":[],"kv_cache":null,"base":null}');
INSERT INTO "models" VALUES('0123abcd-0000-4000-8000-000000000000','http://rack.example:8080','phi3:mini','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',NULL,'Q4_K_M','8.0B','llama','chat',4600000000,131072,'{"host":"http://rack.example:8080","name":"phi3:mini","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","size_bytes":4600000000,"parameter_size":"8.0B","quantization":"Q4_K_M","family":"llama","capabilities":["completion","tools"],"context_length":131072,"kind":"chat","license":null,"format":null,"drafts":null,"aliases":[],"kv_cache":null,"base":null}');
CREATE TABLE next_tokens (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  digest TEXT NOT NULL,
  base TEXT NOT NULL,
  version INTEGER NOT NULL,
  texts INTEGER NOT NULL,
  document TEXT NOT NULL
);
INSERT INTO "next_tokens" VALUES('0123abcd-0000-4000-8000-000000000000','http://192.168.1.20:11434','llama3.1:8b','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','llama',1,2,'{"host":"http://192.168.1.20:11434","model":"llama3.1:8b","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","base":"llama","version":1,"answers":[[[" the",-0.5],[" a",-1.5]],[]]}');
CREATE TABLE quality_records (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  variant TEXT NOT NULL DEFAULT '',
  bank TEXT NOT NULL,
  seed INTEGER NOT NULL,
  mix TEXT NOT NULL,
  protocol TEXT NOT NULL,
  identity TEXT,
  places INTEGER,
  not_asked TEXT,
  document TEXT NOT NULL
);
INSERT INTO "quality_records" VALUES('0123abcd-0000-4000-8000-000000000000','http://192.168.1.20:11434','llama3.1:8b','','1',7,'easy','chat','0123456789abcdef',400,NULL,'{"host":"http://192.168.1.20:11434","model":"llama3.1:8b","variant":null,"bank":"1","seed":7,"mix":"easy","protocol":"chat","identity":"0123456789abcdef","measured_on":null,"places":400,"not_asked":null,"left_out":[],"items":[]}');
CREATE TABLE results (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  variant TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL,
  reason TEXT,
  partial INTEGER NOT NULL,
  measured_in TEXT,
  server_version TEXT,
  digest TEXT,
  model_format TEXT,
  started_at TEXT,
  ended_at TEXT,
  trials INTEGER NOT NULL,
  decode_tps REAL,
  decode_low_tps REAL,
  decode_high_tps REAL,
  prefill_tps REAL,
  ttft_s REAL,
  load_s REAL,
  memory_bytes INTEGER,
  gpu_share REAL,
  context_length INTEGER,
  tier TEXT,
  quality REAL,
  quality_low REAL,
  quality_high REAL,
  overall REAL,
  document TEXT NOT NULL
);
INSERT INTO "results" VALUES('0123abcd-0000-4000-8000-000000000000','http://192.168.1.20:11434','llama3.1:8b','','ok',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,0,56.23,5.51274509803921546318e+01,57.3546,NULL,0.34,2.1,NULL,1.0,NULL,NULL,NULL,NULL,NULL,NULL,'{"host":"http://192.168.1.20:11434","model":"llama3.1:8b","variant":null,"server_version":null,"model_format":null,"digest":null,"status":"ok","reason":null,"decode_tps":56.23,"decode_interval":{"low_tps":55.127450980392155,"high_tps":57.3546,"trials":5},"decode_client_tps":null,"ollama_tps":null,"classic_tps":null,"prefill_tps":null,"ttft_s":0.34,"ttft_interval":null,"ttfa_s":null,"tpot_s":null,"unattributed_s":null,"load_s":2.1,"total_s":9.1,"prompt_tokens":311,"output_tokens":512,"token_budget":null,"context_length":null,"memory_bytes":null,"gpu_share":1.0,"embedding":null,"image":null,"num_ctx":null,"loads":[],"memory_by_context":[],"context_on_gpu":null,"gpu_cliff":null,"depths":[],"concurrency":[],"second_turn":null,"content":[],"energy":null,"drift":null,"caveats":[{"kind":"queued","text":"the request waited; run again when the server is idle"}],"discarded_trials":null,"warm_up":null,"interview":null,"trials":[],"started_at":null,"ended_at":null,"measured_in":null}');
INSERT INTO "results" VALUES('0123abcd-0000-4000-8000-000000000000','http://rack.example:8080','phi3:mini','','failed','the stream ended early; look at its log',0,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"host":"http://rack.example:8080","model":"phi3:mini","variant":null,"server_version":null,"model_format":null,"digest":null,"status":"failed","reason":"the stream ended early; look at its log","decode_tps":null,"decode_interval":null,"decode_client_tps":null,"ollama_tps":null,"classic_tps":null,"prefill_tps":null,"ttft_s":null,"ttft_interval":null,"ttfa_s":null,"tpot_s":null,"unattributed_s":null,"load_s":null,"total_s":null,"prompt_tokens":null,"output_tokens":null,"token_budget":null,"context_length":null,"memory_bytes":null,"gpu_share":null,"embedding":null,"image":null,"num_ctx":null,"loads":[],"memory_by_context":[],"context_on_gpu":null,"gpu_cliff":null,"depths":[],"concurrency":[],"second_turn":null,"content":[],"energy":null,"drift":null,"caveats":[],"discarded_trials":null,"warm_up":null,"interview":null,"trials":[],"started_at":null,"ended_at":null,"measured_in":null}');
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  updated_at TEXT NOT NULL,
  complete INTEGER NOT NULL,
  verb TEXT NOT NULL,
  tool_version TEXT NOT NULL,
  schema_version INTEGER NOT NULL,
  workload_version INTEGER,
  settings TEXT,
  context TEXT,
  items_files TEXT NOT NULL DEFAULT '[]',
  arguments TEXT,
  pick TEXT,
  pick_host TEXT,
  pid INTEGER,
  process_started_s REAL
);
INSERT INTO "runs" VALUES('0123abcd-0000-4000-8000-000000000000','2026-11-25T09:30:15.123456Z','2026-11-25T09:33:15.123456Z','2026-11-25T09:33:15.123456Z',1,'added','0.1.0',2,2,'{"timeout_s":300.0,"num_predict":512,"num_ctx":4096,"trial_tokens":128,"fewest_trials":3,"most_trials":12,"precision":0.03,"budget_s":null,"trials_s":30.0,"take_turns":true,"reference_trial":true,"thinking":"default","if_busy":"wait","depths":[0,2048],"depths_of_context":false,"depth_read_s":null,"concurrency_levels":[],"second_turn":"auto","content":"auto","max_items":400,"first_items":10,"sure":0.95,"within":0.03,"races":true,"min_speed_tps":1.0,"longest_answer_tokens":null,"answer_tokens":null,"areas":[],"languages":[],"item_seed":null,"sibling_prompts":60}','{"system":"Linux","architecture":"x86_64","python":"3.12.1","cpus":8}','["mine.toml"]',NULL,NULL,NULL,NULL,NULL);
CREATE INDEX runs_by_start ON runs (started_at);
CREATE UNIQUE INDEX hosts_by_url ON hosts (run_id, url);
CREATE UNIQUE INDEX models_by_name ON models (run_id, host, name);
CREATE UNIQUE INDEX results_by_model ON results (run_id, host, model, variant);
CREATE INDEX results_by_status ON results (run_id, status, host);
CREATE INDEX results_by_digest ON results (digest, host, variant);
CREATE INDEX results_by_name ON results (model, host);
CREATE UNIQUE INDEX quality_records_by_model ON quality_records (run_id, host, model, variant);
CREATE INDEX quality_records_by_identity ON quality_records (identity);
CREATE UNIQUE INDEX items_by_number ON items (run_id, host, model, variant, number);
CREATE UNIQUE INDEX next_tokens_by_model ON next_tokens (run_id, host, model);
COMMIT;
PRAGMA user_version = 2;
