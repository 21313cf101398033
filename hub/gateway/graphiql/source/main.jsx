import './workers.js';
import 'graphiql/style.css';
import './page.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { asker, fetchAsAsker, givenQuery } from './asker.js';

const fetcher = createGraphiQLFetcher({ url: '/graphql', fetch: fetchAsAsker });

const FIRST_QUERY = `# 能源行业信用信息交换枢纽
# Energy Credit Exchange Hub
#
# 不带令牌即为社会公众；令牌由运营者签发：
# No token: you ask as the public. An operator mints one:
#     hub partner token NAME
# 左侧可浏览文档 The schema is in the left bar.
# Ctrl-Enter 发送 sends.

query WhoAmI {
  me {
    actor
    partner
    purpose
    purposes
    policyVersion
  }
  sources {
    id
    nameZh
    state
    lastSucceededAt
  }
}
`;

const PURPOSES = [
  'PUBLIC_LOOKUP',
  'PROCUREMENT_CHECK;tender="T-1";lot="2";stage="S5"',
  'SUPERVISION;task="T-1"',
  'SELF_QUERY',
];

function Field({ label, name, type, placeholder, list }) {
  const [value, setValue] = useState(asker[name]);
  const change = (event) => {
    asker[name] = event.target.value;
    setValue(event.target.value);
  };
  return (
    <label>
      <span>{label}</span>
      <input
        name={name}
        type={type}
        value={value}
        onChange={change}
        placeholder={placeholder}
        list={list}
        autoComplete="off"
        spellCheck={false}
      />
    </label>
  );
}

function Page() {
  return (
    <>
      <form className="asker" onSubmit={(event) => event.preventDefault()}>
        <strong>信用信息交换枢纽</strong>
        <Field label="令牌 Token" name="token" type="password" placeholder="hub partner token NAME" />
        <Field label="用途 Purpose" name="purpose" type="text" placeholder="PUBLIC_LOOKUP" list="purposes" />
        <datalist id="purposes">
          {PURPOSES.map((purpose) => (
            <option key={purpose} value={purpose} />
          ))}
        </datalist>
      </form>
      <GraphiQL
        fetcher={fetcher}
        defaultQuery={FIRST_QUERY}
        initialQuery={givenQuery}
        defaultEditorToolsVisibility="variables"
        shouldPersistHeaders={false}
        showPersistHeadersSettings={false}
      />
    </>
  );
}

createRoot(document.getElementById('root')).render(<Page />);
